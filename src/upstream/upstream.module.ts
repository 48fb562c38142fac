import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { UpstreamReaper } from './reaper.js';
import { UpstreamLogin } from './upstream-login.entity.js';
import { UpstreamLoginsRepository } from './upstream-logins.repository.js';
import { UpstreamProviders } from './upstream-providers.js';
import { UpstreamService } from './upstream.service.js';

/**
 * Owns signing in through other providers: discovery, the Passport strategies, sign-ins under way, the checks of what a
 * provider answers.
 * Does not own whose account a subject is (users/), nor the routes and the browser's cookies (pages/, oauth/).
 */
@Module({
  imports: [TokensModule, UsersModule, TypeOrmModule.forFeature([UpstreamLogin], DATA_SOURCE)],
  providers: [UpstreamLoginsRepository, UpstreamProviders, UpstreamReaper, UpstreamService],
  exports: [UpstreamProviders, UpstreamService],
})
export class UpstreamModule {}
