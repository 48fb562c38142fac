import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Admissions } from '../access/admissions.js';
import { KeysModule } from '../keys/keys.module.js';
import { OpsModule } from '../ops/ops.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { AuthController } from './auth.controller.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { LoginService } from './login.service.js';
import { LogoutService } from './logout.service.js';
import { PasswordCheck } from './password-check.js';
import { ResourceAuthentication } from './resource-authentication.js';
import { ScopeGuard } from './scope.guard.js';
import { SessionsController } from './sessions.controller.js';
import { AccessTokenGuard, ApiKeyGuard } from './strategy-guards.js';
import { VerifiedCache } from './verified-cache.js';
import { WatchedAdmissions } from './watched-admissions.js';

/**
 * Owns how a request becomes a principal: the Passport strategies, the two global guards in their order, and the REST
 * routes of register, login, refresh, logout and sessions.
 * Does not own accounts, keys or tokens: it asks users/, keys/ and tokens/.
 * Global, for its answers to what access/ only names: no feature imports auth/.
 */
@Global()
@Module({
  imports: [UsersModule, KeysModule, TokensModule, OpsModule],
  controllers: [AuthController, SessionsController],
  providers: [
    AccessTokenGuard,
    AccessTokenStrategy,
    ApiKeyGuard,
    ApiKeyStrategy,
    LoginService,
    LogoutService,
    PasswordCheck,
    ResourceAuthentication,
    VerifiedCache,
    { provide: Admissions, useClass: WatchedAdmissions },
    AuthenticationGuard,
    { provide: APP_GUARD, useExisting: AuthenticationGuard },
    ScopeGuard,
    { provide: APP_GUARD, useExisting: ScopeGuard },
  ],
  exports: [Admissions, PasswordCheck, ResourceAuthentication],
})
export class AuthModule {}
