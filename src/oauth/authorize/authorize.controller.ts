import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { MasterKey } from '../../crypto/master-key.js';
import { BrowserCookies } from '../browser-cookies.js';
import { sealRequest } from './authorization-request.js';
import { errorLocation, RedirectableError } from './authorization-response.js';
import { AuthorizeService } from './authorize.service.js';
import { ConsentService } from './consent.service.js';

/** RFC 6749 section 4.1.1. Redirects are 303, so that a form with credentials is never sent on (spec S18). */
@ApiTags('OAuth')
@Controller('oauth/authorize')
@Public()
export class AuthorizeController {
  constructor(
    private readonly authorize: AuthorizeService,
    private readonly consent: ConsentService,
    private readonly cookies: BrowserCookies,
    private readonly masterKey: MasterKey,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Ask a person for access: code flow with PKCE (OAuth 2.1)' })
  @ApiResponse({ status: 303, description: 'To sign-in, to consent, or back to the client' })
  @ApiResponse({ status: 400, description: 'A page that says what failed' })
  async get(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.answer(query, request, reply);
  }

  /** OpenID Connect Core section 3.1.2.1 asks for POST too. */
  @Post()
  @ApiExcludeEndpoint()
  async post(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.answer(body, request, reply);
  }

  private async answer(raw: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    void reply.header('Cache-Control', 'no-store');
    try {
      const valid = await this.authorize.validate(raw);
      const next = await this.consent.next(valid, await this.cookies.person(request));
      if (next.step === 'redirect') {
        await reply.redirect(next.location, 303);
        return;
      }
      const browser = this.cookies.browser(request, reply);
      const sealed = sealRequest(this.masterKey, { request: valid, browser });
      await reply.redirect(
        `${next.step === 'sign_in' ? '/login?continue' : '/consent?request'}=${sealed}`,
        303,
      );
    } catch (error) {
      if (!(error instanceof RedirectableError)) throw error;
      await reply.redirect(errorLocation(error, this.config.issuer), 303);
    }
  }
}
