import { Module } from '@nestjs/common';
import { OauthModule } from '../../oauth/oauth.module.js';
import { OpsModule } from '../../ops/ops.module.js';
import { ResourcesModule } from '../../resources/resources.module.js';
import { MessagesController } from './messages.controller.js';
import { Verification } from './verification.js';

/**
 * Owns what other services ask by message instead of HTTP, over TCP or NATS: `auth.verify` and `auth.introspect`, and the
 * transports with their bounds.
 * Does not own who may ask (oauth/clients), nor how a credential is verified (auth/, oauth/inspection).
 */
@Module({
  imports: [OauthModule, OpsModule, ResourcesModule],
  controllers: [MessagesController],
  providers: [Verification],
})
export class MicroserviceModule {}
