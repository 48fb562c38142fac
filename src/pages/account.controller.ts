import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Public } from '../access/decorators.js';
import { Clock } from '../crypto/clock.js';
import { GrantsRepository } from '../oauth/authorize/grants.repository.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { Revocations } from '../tokens/revocations.js';
import { sendPage } from './page-reply.js';
import { signedInPage } from './views/signed-in.js';

/** What a signed-in person allowed, and the way to take it back. */
@ApiExcludeController()
@Controller('account')
@Public()
export class AccountController {
  constructor(
    private readonly grants: GrantsRepository,
    private readonly revocations: Revocations,
    private readonly cookies: BrowserCookies,
    private readonly clock: Clock,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const person = await this.cookies.person(request);
    if (!person) {
      await reply.redirect('/login', 303);
      return;
    }
    const csrf = this.cookies.formToken(this.cookies.browser(request, reply));
    const clients = (await this.grants.list(person.userId)).map((grant) => ({
      grantId: grant.id,
      name: grant.clientName ?? grant.clientId,
      resource: grant.resource,
      scopes: grant.scopes,
    }));
    await sendPage(reply, signedInPage({ email: person.email, csrf, clients }));
  }

  @Post('revoke')
  @Audited('grant.revoked')
  async revoke(
    @Body() body: Record<string, unknown> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.cookies.requireForm(request, body?.['csrf']);
    const person = await this.cookies.person(request);
    const grant = z.uuid().safeParse(body?.['grant']);
    noteForAudit(request, { nothing: true });
    if (person && grant.success) {
      const ended = await this.grants.revoke(grant.data, person.userId, this.clock.now());
      if (ended) noteForAudit(request, { nothing: false, subject: person, object: grant.data });
      for (const session of ended ?? []) this.revocations.noteEnded(session);
    }
    await reply.redirect('/account', 303);
  }
}
