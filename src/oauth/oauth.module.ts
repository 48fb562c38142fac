import { Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { KeysModule } from '../keys/keys.module.js';
import { OpsModule } from '../ops/ops.module.js';
import { Outbound } from '../outbound/outbound.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuthorizationCode } from './authorize/authorization-code.entity.js';
import { AuthorizeController } from './authorize/authorize.controller.js';
import { AuthorizeService } from './authorize/authorize.service.js';
import { CodesRepository } from './authorize/codes.repository.js';
import { ConsentService } from './authorize/consent.service.js';
import { Grant } from './authorize/grant.entity.js';
import { GrantsController } from './authorize/grants.controller.js';
import { GrantsRepository } from './authorize/grants.repository.js';
import { BrowserCookies } from './browser-cookies.js';
import { ClientDocuments } from './client-documents/client-documents.js';
import { ClientKeys } from './client-documents/client-keys.js';
import { AssertionsRepository } from './clients/assertions.repository.js';
import { ClientAssertion } from './clients/client-assertion.entity.js';
import { ClientAuthentication } from './clients/client-authentication.js';
import { OauthClient } from './clients/client.entity.js';
import { ClientsController } from './clients/clients.controller.js';
import { ClientsRepository } from './clients/clients.repository.js';
import { ClientsService } from './clients/clients.service.js';
import { PostgresDocumentStore } from './clients/document-store.js';
import { redirectUriProblem } from './clients/redirect-uri.js';
import { RegistrationController } from './clients/registration.controller.js';
import { RegistrationService } from './clients/registration.service.js';
import { DeviceAuthorizationController } from './device/device-authorization.controller.js';
import { DeviceCode } from './device/device-code.entity.js';
import { DeviceCodesRepository } from './device/device-codes.repository.js';
import { DeviceService } from './device/device.service.js';
import { Introspection } from './inspection/introspection.js';
import { IntrospectionController } from './inspection/introspection.controller.js';
import { RevocationController } from './inspection/revocation.controller.js';
import { KeyIntrospection } from './inspection/key-introspection.js';
import { TokenLookup } from './inspection/token-lookup.js';
import { UserinfoController } from './inspection/userinfo.controller.js';
import { MetadataController } from './metadata.controller.js';
import { OauthReaper } from './reaper.js';
import { AuthorizationCodeGrant } from './token/authorization-code.grant.js';
import { ClientCredentialsGrant } from './token/client-credentials.grant.js';
import { DeviceCodeGrant } from './token/device-code.grant.js';
import type { GrantHandler } from './token/grant-handler.js';
import { IdTokens } from './token/id-tokens.js';
import { RefreshTokenGrant } from './token/refresh-token.grant.js';
import { TokenExchangeGrant } from './token/token-exchange.grant.js';
import { GRANT_HANDLERS, TokenController } from './token/token.controller.js';

const GRANTS = [
  AuthorizationCodeGrant,
  RefreshTokenGrant,
  ClientCredentialsGrant,
  DeviceCodeGrant,
  TokenExchangeGrant,
];

/**
 * Owns the OAuth 2.1 authorization server: clients, authorize, consent, one file per grant, device flow, introspection,
 * revocation, discovery.
 * Does not own tokens and their rotation (tokens/), nor what a person sees (pages/).
 */
@Module({
  imports: [
    KeysModule,
    OpsModule,
    ResourcesModule,
    TokensModule,
    UsersModule,
    TypeOrmModule.forFeature(
      [AuthorizationCode, ClientAssertion, DeviceCode, Grant, OauthClient],
      DATA_SOURCE,
    ),
  ],
  controllers: [
    AuthorizeController,
    ClientsController,
    DeviceAuthorizationController,
    GrantsController,
    IntrospectionController,
    MetadataController,
    RegistrationController,
    RevocationController,
    TokenController,
    UserinfoController,
  ],
  providers: [
    ...GRANTS,
    AssertionsRepository,
    AuthorizeService,
    BrowserCookies,
    ClientAuthentication,
    ClientsRepository,
    ClientsService,
    CodesRepository,
    ConsentService,
    DeviceCodesRepository,
    DeviceService,
    GrantsRepository,
    IdTokens,
    Introspection,
    KeyIntrospection,
    OauthReaper,
    PostgresDocumentStore,
    RegistrationService,
    TokenLookup,
    { provide: GRANT_HANDLERS, inject: GRANTS, useFactory: (...handlers: GrantHandler[]) => handlers },
    {
      provide: Outbound,
      inject: [CONFIG],
      useFactory: (config: Config) => new Outbound({ allowLoopback: config.OUTBOUND_LOOPBACK }),
    },
    {
      provide: ClientDocuments,
      inject: [Outbound, Clock, PostgresDocumentStore, CONFIG],
      useFactory: (outbound: Outbound, clock: Clock, store: PostgresDocumentStore, config: Config) => {
        const log = new Logger(ClientDocuments.name);
        return new ClientDocuments({
          outbound,
          clock,
          store,
          redirectUriProblem,
          allowLoopback: config.OUTBOUND_LOOPBACK,
          warn: (words) => {
            log.warn(words);
          },
        });
      },
    },
    {
      provide: ClientKeys,
      inject: [Outbound, Clock],
      useFactory: (outbound: Outbound, clock: Clock) => new ClientKeys(outbound, clock),
    },
  ],
  exports: [
    BrowserCookies,
    ClientAuthentication,
    ClientsService,
    ConsentService,
    DeviceService,
    GrantsRepository,
    Introspection,
  ],
})
export class OauthModule {}
