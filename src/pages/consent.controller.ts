import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/decorators.js';
import type { AuthorizationRequest } from '../oauth/authorize/authorization-request.js';
import { RedirectableError } from '../oauth/authorize/authorization-response.js';
import { ConsentService } from '../oauth/authorize/consent.service.js';
import { GrantsRepository } from '../oauth/authorize/grants.repository.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import type { BrowserPerson } from '../tokens/browser-logins.js';
import { askedResource, askingClient, offered, withheld } from './consent-view.js';
import { formTarget, sendPage } from './page-reply.js';
import { PendingRequests } from './pending-request.js';
import { consentPage } from './views/consent.js';

/** The names that were left ticked. */
export const tickedScopes = (body: Record<string, unknown> | undefined): string[] =>
  [body?.['scope']].flat().filter((scope): scope is string => typeof scope === 'string');

/** A person decides what a client may do. The request is the browser's own, and so is the form. */
@ApiExcludeController()
@Controller('consent')
@Public()
export class ConsentController {
  constructor(
    private readonly consent: ConsentService,
    private readonly grants: GrantsRepository,
    private readonly cookies: BrowserCookies,
    private readonly pending: PendingRequests,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  async ask(
    @Query('request') sealed: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const asked = this.pending.open(request, sealed);
    try {
      const person = await this.cookies.person(request);
      const next = await this.consent.next(asked, person);
      if (next.step === 'redirect')
        await reply.header('Cache-Control', 'no-store').redirect(next.location, 303);
      else if (next.step === 'sign_in' || !person)
        await reply.redirect(`/login?continue=${String(sealed)}`, 303);
      else await this.show(asked, String(sealed), person, next.scopes, request, reply);
    } catch (error) {
      await this.pending.redirectError(error, reply);
    }
  }

  @Post()
  @Audited('grant.given')
  async decide(
    @Body() body: Record<string, unknown> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const person = await this.cookies.person(request);
    this.cookies.requireForm(request, body?.['csrf'], person);
    const asked = this.pending.open(request, body?.['request']);
    try {
      if (!person || this.consent.mustSignIn(asked, person)) {
        noteForAudit(request, { nothing: true });
        await reply.redirect(`/login?continue=${String(body?.['request'])}`, 303);
        return;
      }
      noteForAudit(request, { subject: { ...asked, userId: person.userId, sessionId: person.sessionId } });
      if (body?.['decision'] !== 'allow') this.consent.deny(asked);
      await this.pending.shown(asked);
      const location = await this.consent.allow(asked, person, tickedScopes(body));
      await reply.header('Cache-Control', 'no-store').redirect(location, 303);
    } catch (error) {
      noteForAudit(
        request,
        error instanceof RedirectableError ? { denied: error.error.error } : { nothing: true },
      );
      await this.pending.redirectError(error, reply);
    }
  }

  private async show(
    asked: AuthorizationRequest,
    sealed: string,
    person: BrowserPerson,
    scopes: readonly string[],
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { client, resource } = await this.pending.shown(asked);
    const before = await this.grants.find(person.userId, asked.clientId, asked.resource);
    const html = consentPage({
      csrf: this.cookies.formToken(this.cookies.browser(request, reply), person),
      request: sealed,
      user: { email: person.email },
      client: askingClient(client, asked.redirect.uri, before === undefined),
      resource: askedResource(resource),
      ...offered(resource, scopes, this.config.scopes),
      withheld: withheld(asked.scopes, person.scopes, this.config.scopes),
      otherAccountHref: `/login?continue=${sealed}`,
    });
    await sendPage(reply, html, { formTargets: [formTarget(asked.redirect.uri)] });
  }
}
