import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import { UpstreamIdentitiesRepository } from './upstream-identities.repository.js';
import { UpstreamIdentity } from './upstream-identity.entity.js';
import { User } from './user.entity.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.token.js';
import { PasswordHasher } from '../crypto/password-hasher.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/**
 * Owns accounts and their passwords: the `users` table, hashing, password quality, and which provider's subject is
 * whose account.
 * Does not own sessions or tokens (tokens/), nor the REST routes of registration and login (auth/).
 */
@Module({
  imports: [TypeOrmModule.forFeature([UpstreamIdentity, User], DATA_SOURCE)],
  providers: [
    UpstreamIdentitiesRepository,
    UsersRepository,
    UsersService,
    {
      provide: PasswordHasher,
      inject: [CONFIG],
      useFactory: (config: Config) =>
        new PasswordHasher(
          { memoryKib: config.PASSWORD_MEMORY_KIB, passes: config.PASSWORD_TIME_COST },
          config.HASH_THREADS,
          config.HASH_QUEUE,
        ),
    },
  ],
  exports: [UpstreamIdentitiesRepository, UsersService, UsersRepository],
})
export class UsersModule {}
