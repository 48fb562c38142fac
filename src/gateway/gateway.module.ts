import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { OpsModule } from '../ops/ops.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { EnvoyController } from './forward-auth/envoy.controller.js';
import { ForwardAuth } from './forward-auth/forward-auth.js';
import { ForwardAuthController } from './forward-auth/forward-auth.controller.js';
import { IdentityHeaders } from './forward-auth/identity-headers.js';
import { ServedMetadataController } from './forward-auth/served-metadata.controller.js';

/**
 * Owns what stands before MCP servers that check nothing themselves: the question that a reverse proxy asks about each
 * request, and the metadata that it serves for the server behind it.
 * Does not own how a credential is verified (auth/), nor what the resources are (resources/).
 */
@Module({
  imports: [AuthModule, OpsModule, ResourcesModule, TokensModule],
  controllers: [EnvoyController, ForwardAuthController, ServedMetadataController],
  providers: [ForwardAuth, IdentityHeaders],
})
export class GatewayModule {}
