import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { CONFIG } from './config/config.token.js';
import { Clock } from './crypto/clock.js';
import { MasterKey } from './crypto/master-key.js';
import { DatabaseModule } from './database/database.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { HOST_PROVIDERS } from './mcp/application-providers.js';
import { MicroserviceModule } from './gateway/microservice/microservice.module.js';
import { KeysModule } from './keys/keys.module.js';
import { McpModule } from './mcp/mcp.module.js';
import { NotesModule } from './mcp/notes/notes.module.js';
import { OauthModule } from './oauth/oauth.module.js';
import { OpsModule } from './ops/ops.module.js';
import { PagesModule } from './pages/pages.module.js';
import { ResourcesModule } from './resources/resources.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { UpstreamModule } from './upstream/upstream.module.js';
import { UsersModule } from './users/users.module.js';

/** What every module may ask for: the configuration, the time, the master key, and the application around this one. */
@Global()
@Module({})
class FoundationModule {
  static with(
    config: Config,
    masterKey: Buffer,
    clock: Clock,
    host: DiscoveryService | undefined,
  ): DynamicModule {
    return {
      module: FoundationModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useValue: clock },
        { provide: MasterKey, useValue: new MasterKey(masterKey) },
        { provide: HOST_PROVIDERS, useValue: host },
      ],
      exports: [CONFIG, Clock, HOST_PROVIDERS, MasterKey],
    };
  }
}

/** The whole service. */
@Module({})
export class AppModule {
  static for(
    config: Config,
    running: {
      databaseUrl: string;
      masterKey: Buffer;
      clock: Clock;
      modules: readonly (Type | DynamicModule)[];
      host: DiscoveryService | undefined;
    },
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        FoundationModule.with(config, running.masterKey, running.clock, running.host),
        DatabaseModule.at(running.databaseUrl),
        OpsModule,
        UsersModule,
        KeysModule,
        TokensModule,
        AuthModule,
        ResourcesModule,
        OauthModule,
        UpstreamModule,
        // Before mcp/, whose own tool is listed last. An application that mounts the service has tools of its own.
        ...(running.host ? [] : [NotesModule]),
        McpModule,
        GatewayModule,
        PagesModule,
        MicroserviceModule,
        ...running.modules,
      ],
    };
  }
}
