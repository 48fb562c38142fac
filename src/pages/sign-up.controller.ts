import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/decorators.js';
import { RegisterBody } from '../auth/auth.schemas.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { RateLimits } from '../ops/rate-limits.js';
import { UsersService } from '../users/users.service.js';
import { sendPage } from './page-reply.js';
import { type Errand, PendingRequests } from './pending-request.js';
import { continueTo, formTargets, text } from './sign-in.controller.js';
import { signUpPage, type SignUpProps } from './views/sign-up.js';

type Told = Pick<SignUpProps, 'email' | 'name' | 'errors' | 'advice'>;

/** A new account, in the middle of whatever the person was doing. The rules are those of `POST /auth/register`. */
@ApiExcludeController()
@Controller('signup')
@Public()
export class SignUpController {
  constructor(
    private readonly users: UsersService,
    private readonly limits: RateLimits,
    private readonly cookies: BrowserCookies,
    private readonly pending: PendingRequests,
  ) {}

  @Get()
  async form(
    @Query('continue') to: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.show(this.pending.errand(request, to), request, reply, {}, 200);
  }

  @Post()
  @Audited('account.registered')
  async signUp(
    @Body() body: Record<string, unknown> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.cookies.requireForm(request, body?.['csrf']);
    const errand = this.pending.errand(request, body?.['continue']);
    const [email, name] = [text(body?.['email']).slice(0, 320), text(body?.['name']).slice(0, 300)];
    const parsed = RegisterBody.safeParse({
      email,
      password: text(body?.['password']),
      ...(name !== '' && { name }),
    });
    if (!parsed.success) {
      noteForAudit(request, { nothing: true });
      const errors = Object.fromEntries(
        parsed.error.issues.map(({ path, message }) => [String(path[0]), message]),
      );
      await this.show(errand, request, reply, { email, name, errors }, 422);
      return;
    }
    try {
      const user = await this.users.inLine(async () => {
        await this.limits.consume([{ limit: 'register-address', key: request.ip }]);
        return this.users.register(parsed.data);
      });
      noteForAudit(request, { subject: { userId: user.id }, object: user.id });
      await this.cookies.signIn(request, reply, { userId: user.id, proof: { password: true } });
    } catch (error) {
      if (!(error instanceof ToolgateError) || error.status >= 500) throw error;
      noteForAudit(request, { denied: error.code });
      await this.show(errand, request, reply, { email, name, ...explained(error) }, error.status);
      return;
    }
    await reply.header('Cache-Control', 'no-store').redirect(this.pending.next(errand), 303);
  }

  private async show(
    errand: Errand,
    request: FastifyRequest,
    reply: FastifyReply,
    told: Told,
    status: number,
  ): Promise<void> {
    const to = continueTo(errand);
    const html = signUpPage({
      ...told,
      continueTo: to,
      csrf: this.cookies.formToken(this.cookies.browser(request, reply)),
      signInHref: `/login${to === '' ? '' : `?continue=${to}`}`,
    });
    await sendPage(reply, html, { status, formTargets: formTargets(errand) });
  }
}

function explained(error: ToolgateError): Told {
  switch (error.code) {
    case 'email_taken':
      return { errors: { email: 'There is an account with this address already. Sign in instead.' } };
    case 'weak_password': {
      const advice = error.options.members?.['advice'];
      return {
        errors: { password: 'This password is too easy to guess.' },
        advice: Array.isArray(advice) ? advice.map(String) : [],
      };
    }
    default:
      return { errors: { form: error.options.detail ?? error.message } };
  }
}
