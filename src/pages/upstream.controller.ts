import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/decorators.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { AuditTrail } from '../ops/audit/audit-trail.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { RateLimits } from '../ops/rate-limits.js';
import { SessionsService } from '../tokens/sessions.service.js';
import type { TokenPair } from '../tokens/token-responses.js';
import { type Finished, UpstreamService } from '../upstream/upstream.service.js';
import { UsersService } from '../users/users.service.js';
import { type Errand, PendingRequests } from './pending-request.js';
import { continueTo } from './sign-in.controller.js';

const CHANGES = {
  linked: 'account.linked',
  created: 'account.registered',
  taken_over: 'account.taken_over',
} as const;

/** Asked for by the client: whoever sits there must prove who they are now (OpenID Connect Core section 3.1.2.1). */
const mustProveAnew = (errand: Errand): boolean =>
  errand.kind === 'authorize' &&
  (errand.request.prompt.includes('login') || errand.request.maxAge !== undefined);

/** Sign-in through a provider: away to it, and back into whatever the person was doing. */
@ApiExcludeController()
@Controller('login/:provider')
@Public()
export class UpstreamController {
  constructor(
    private readonly upstream: UpstreamService,
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly limits: RateLimits,
    private readonly audit: AuditTrail,
    private readonly cookies: BrowserCookies,
    private readonly pending: PendingRequests,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Each begun sign-in is a row, so they are counted as failed logins until they succeed. */
  @Get()
  async begin(
    @Param('provider') provider: string,
    @Query('continue') to: unknown,
    @Query('format') format: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const errand = this.pending.errand(request, to);
    await this.limits.consume([{ limit: 'login-address', key: request.ip }]);
    const location = await this.upstream.begin(provider, {
      browser: this.cookies.browser(request, reply),
      continueTo: continueTo(errand),
      answer: format === 'json' ? 'json' : 'page',
      anew: mustProveAnew(errand),
    });
    await reply.header('Cache-Control', 'no-store').redirect(location, 303);
  }

  @Get('callback')
  @Audited('account.signed_in')
  async callback(
    @Param('provider') provider: string,
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const done = await this.upstream.finish(provider, query, this.cookies.knownBrowser(request));
    noteForAudit(request, { subject: { userId: done.userId } });
    this.noteChange(done, provider, request);
    await this.limits.refund([{ limit: 'login-address', key: request.ip }]);
    void reply.header('Cache-Control', 'no-store');
    if (done.answer === 'json') {
      await reply.send(await this.tokens(done, request));
      return;
    }
    await this.cookies.signIn(request, reply, done);
    const errand = this.pending.errand(request, done.continueTo);
    await reply.redirect(this.pending.next(errand), 303);
  }

  private noteChange({ account, userId }: Finished, provider: string, { id, ip }: FastifyRequest): void {
    if (account === 'known') return;
    this.audit.note({
      event: CHANGES[account],
      outcome: 'allowed',
      subject: { userId },
      operation: { kind: 'account', name: provider },
      requestId: id,
      address: ip,
    });
  }

  /** For callers of the REST API: the same as a login with a password gives. */
  private async tokens({ userId, proof }: Finished, request: FastifyRequest): Promise<TokenPair> {
    const user = await this.users.find(userId);
    if (!user) throw new ToolgateError('invalid_login', { reason: 'the account is gone' });
    const { tokens } = await this.sessions.open({
      userId,
      proof,
      resource: this.config.resource,
      scopes: user.scopes,
      address: request.ip,
      userAgent: request.headers['user-agent'],
    });
    return tokens;
  }
}
