import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { CONFIG } from './config/config.token.js';
import { Clock } from './crypto/clock.js';
import { MasterKey } from './crypto/master-key.js';
import { DatabaseModule } from './database/database.module.js';
import { MicroserviceModule } from './gateway/microservice/microservice.module.js';
import { KeysModule } from './keys/keys.module.js';
import { McpModule } from './mcp/mcp.module.js';
import { OauthModule } from './oauth/oauth.module.js';
import { OpsModule } from './ops/ops.module.js';
import { PagesModule } from './pages/pages.module.js';
import { ResourcesModule } from './resources/resources.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { UpstreamModule } from './upstream/upstream.module.js';
import { UsersModule } from './users/users.module.js';

/** What every module may ask for: the configuration, the time and the master key. */
@Global()
@Module({})
class FoundationModule {
  static with(config: Config, masterKey: Buffer, clock: Clock): DynamicModule {
    return {
      module: FoundationModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useValue: clock },
        { provide: MasterKey, useValue: new MasterKey(masterKey) },
      ],
      exports: [CONFIG, Clock, MasterKey],
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
    },
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        FoundationModule.with(config, running.masterKey, running.clock),
        DatabaseModule.at(running.databaseUrl),
        OpsModule,
        UsersModule,
        KeysModule,
        TokensModule,
        AuthModule,
        ResourcesModule,
        OauthModule,
        UpstreamModule,
        McpModule,
        PagesModule,
        MicroserviceModule,
        ...running.modules,
      ],
    };
  }
}
