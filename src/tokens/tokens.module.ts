import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RefreshToken } from './refresh-token.entity.js';
import { Session } from './session.entity.js';
import { SigningKeyRow } from './signing-key.entity.js';
import { AccessTokens } from './access-tokens.js';
import { JwksController } from './jwks.controller.js';
import { KeyRing } from './key-ring.js';
import { SessionReaper } from './reaper.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { Revocations } from './revocations.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

/**
 * Owns access tokens, signing keys, sessions, the refresh-token table and revocation.
 * Does not own who a user is (users/), nor how a credential is read from a request (auth/).
 */
@Module({
  imports: [TypeOrmModule.forFeature([RefreshToken, Session, SigningKeyRow])],
  controllers: [JwksController],
  providers: [
    AccessTokens,
    KeyRing,
    RefreshTokensRepository,
    Revocations,
    SessionReaper,
    SessionsRepository,
    SessionsService,
    SigningKeysRepository,
  ],
  exports: [AccessTokens, KeyRing, Revocations, SessionsService],
})
export class TokensModule {}
