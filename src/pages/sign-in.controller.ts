import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/decorators.js';
import { PasswordCheck } from '../auth/password-check.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { UpstreamProviders } from '../upstream/upstream-providers.js';
import { formTarget, sendPage } from './page-reply.js';
import { type Errand, PendingRequests } from './pending-request.js';
import { signInPage, type SignInProps } from './views/sign-in.js';
import { signedOutPage } from './views/signed-out.js';

export const continueTo = (errand: Errand): string => {
  if (errand.kind === 'none') return '';
  return errand.kind === 'device' ? `device:${errand.userCode}` : errand.sealed;
};

export const formTargets = (errand: Errand): string[] =>
  errand.kind === 'authorize' ? [formTarget(errand.request.redirect.uri)] : [];

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Sign-in with a password, and sign-out. */
@ApiExcludeController()
@Controller()
@Public()
export class SignInController {
  constructor(
    private readonly passwords: PasswordCheck,
    private readonly cookies: BrowserCookies,
    private readonly pending: PendingRequests,
    private readonly upstream: UpstreamProviders,
  ) {}

  @Get('login')
  async form(
    @Query('continue') to: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const errand = this.pending.errand(request, to);
    const hint = errand.kind === 'authorize' ? errand.request.loginHint : undefined;
    await this.show(errand, request, reply, { email: hint }, 200);
  }

  @Post('login')
  @Audited('account.signed_in')
  async signIn(
    @Body() body: Record<string, unknown> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.cookies.requireForm(request, body?.['csrf']);
    const errand = this.pending.errand(request, body?.['continue']);
    const [email, password] = [text(body?.['email']).slice(0, 320), text(body?.['password']).slice(0, 512)];
    try {
      if (email === '' || password === '' || `${email}${password}`.includes('\u0000'))
        throw new ToolgateError('invalid_login', { detail: 'Enter your e-mail address and your password' });
      const { user } = await this.passwords.check(email, password, request.ip);
      await this.cookies.signIn(request, reply, { userId: user.id, proof: { password: true } });
      noteForAudit(request, { subject: { userId: user.id } });
    } catch (error) {
      if (!(error instanceof ToolgateError) || error.status >= 500) throw error;
      noteForAudit(request, { denied: error.code, subject: error.options.about });
      const wait = error.options.headers?.['Retry-After'];
      const told = { email, error: error.options.detail ?? 'The e-mail address or the password is wrong' };
      const retry = wait === undefined ? {} : { retryAfter: Number(wait) };
      await this.show(errand, request, reply, { ...told, ...retry }, error.status, error.options.headers);
      return;
    }
    await reply.header('Cache-Control', 'no-store').redirect(this.pending.next(errand), 303);
  }

  @Post('logout')
  @Audited('account.signed_out')
  async signOut(
    @Body() body: Record<string, unknown> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.cookies.requireForm(request, body?.['csrf']);
    const person = await this.cookies.person(request);
    await this.cookies.signOut(request, reply);
    noteForAudit(request, person ? { subject: person } : { nothing: true });
    await sendPage(reply, signedOutPage({ signInHref: '/login' }));
  }

  private async show(
    errand: Errand,
    request: FastifyRequest,
    reply: FastifyReply,
    more: Pick<SignInProps, 'email' | 'error' | 'retryAfter'>,
    status: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const to = continueTo(errand);
    const query = to === '' ? '' : `?continue=${to}`;
    const html = signInPage({
      ...more,
      continueTo: to,
      csrf: this.cookies.formToken(this.cookies.browser(request, reply)),
      providers: this.upstream.list().map(({ id, name }) => ({ id, name, href: `/login/${id}${query}` })),
      signUpHref: `/signup${query}`,
      client: await this.pending.why(errand),
    });
    await sendPage(reply, html, { status, formTargets: formTargets(errand), headers });
  }
}
