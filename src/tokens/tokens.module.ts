import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import { OpsModule } from '../ops/ops.module.js';
import { BrowserLogin } from './browser-login.entity.js';
import { BrowserLogins } from './browser-logins.js';
import { Lifetimes } from './lifetimes.js';
import { RefreshToken } from './refresh-token.entity.js';
import { Removal } from './removal.entity.js';
import { Session } from './session.entity.js';
import { SigningKeyRow } from './signing-key.entity.js';
import { AccessTokens } from './access-tokens.js';
import { JwksController } from './jwks.controller.js';
import { KeyRing } from './key-ring.js';
import { SessionReaper } from './reaper.js';
import { ReapingRepository } from './reaping.repository.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { Revocations } from './revocations.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { TokenResponses } from './token-responses.js';

/**
 * Owns access tokens, signing keys, sessions, the refresh-token table and revocation.
 * Does not own who a user is (users/), nor how a credential is read from a request (auth/).
 */
@Module({
  imports: [
    OpsModule,
    TypeOrmModule.forFeature([BrowserLogin, RefreshToken, Removal, Session, SigningKeyRow], DATA_SOURCE),
  ],
  controllers: [JwksController],
  providers: [
    AccessTokens,
    BrowserLogins,
    KeyRing,
    Lifetimes,
    ReapingRepository,
    RefreshTokensRepository,
    Revocations,
    SessionReaper,
    SessionsRepository,
    SessionsService,
    SigningKeysRepository,
    TokenResponses,
  ],
  exports: [
    AccessTokens,
    BrowserLogins,
    KeyRing,
    Lifetimes,
    RefreshTokensRepository,
    Revocations,
    SessionsService,
    TokenResponses,
  ],
})
export class TokensModule {}
