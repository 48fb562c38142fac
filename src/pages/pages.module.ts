import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { OauthModule } from '../oauth/oauth.module.js';
import { OpsModule } from '../ops/ops.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountController } from './account.controller.js';
import { ConsentController } from './consent.controller.js';
import { DeviceController } from './device.controller.js';
import { HomeController } from './home.controller.js';
import { PendingRequests } from './pending-request.js';
import { SignInController } from './sign-in.controller.js';
import { SignUpController } from './sign-up.controller.js';
import { UpstreamController } from './upstream.controller.js';

/**
 * Owns what a person sees: sign-in, sign-up, consent, the device code, errors. Rendered here, without JavaScript.
 * Does not own what is decided there: that is oauth/'s, and the password check is auth/'s.
 */
@Module({
  imports: [AuthModule, OauthModule, OpsModule, ResourcesModule, TokensModule, UpstreamModule, UsersModule],
  controllers: [
    AccountController,
    ConsentController,
    DeviceController,
    HomeController,
    SignInController,
    SignUpController,
    UpstreamController,
  ],
  providers: [PendingRequests],
})
export class PagesModule {}
