import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/decorators.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { nameOf } from '../oauth/clients/client.js';
import type { PendingDevice } from '../oauth/device/device-codes.repository.js';
import { DeviceService, grouped } from '../oauth/device/device.service.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import type { BrowserPerson } from '../tokens/browser-logins.js';
import { tickedScopes } from './consent.controller.js';
import { askedResource, askingClient, offered, withheld } from './consent-view.js';
import { sendPage } from './page-reply.js';
import { PendingRequests } from './pending-request.js';
import { text } from './sign-in.controller.js';
import { consentPage } from './views/consent.js';
import { deviceCodePage, deviceDonePage } from './views/device.js';

type Form = Record<string, unknown> | undefined;

const UNKNOWN = 'No device waits with this code. Check it on your device; it may have expired.';

/** RFC 8628 section 3.3: the person types the device's code, sees who asks for what, and decides. */
@ApiExcludeController()
@Controller('device')
@Public()
export class DeviceController {
  constructor(
    private readonly devices: DeviceService,
    private readonly cookies: BrowserCookies,
    private readonly pending: PendingRequests,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Never acts on a link alone: the code is filled in, the person sends it (RFC 8628 section 5.4). */
  @Get()
  async form(
    @Query('user_code') code: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const userCode = text(code).slice(0, 20);
    const person = await this.cookies.person(request);
    if (person) await this.askForCode(request, reply, person, userCode, undefined, 200);
    else await this.toSignIn(reply, userCode);
  }

  @Post()
  async code(@Body() body: Form, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const person = await this.cookies.person(request);
    this.cookies.requireForm(request, body?.['csrf'], person);
    const userCode = text(body?.['user_code']).slice(0, 20);
    if (!person) {
      await this.toSignIn(reply, userCode);
      return;
    }
    const device = await this.find(userCode, person);
    if ('error' in device)
      await this.askForCode(request, reply, person, userCode, device.error, device.status);
    else await this.ask(device, userCode, person, request, reply);
  }

  @Post('decision')
  @Audited('grant.given')
  async decide(
    @Body() body: Form,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const person = await this.cookies.person(request);
    this.cookies.requireForm(request, body?.['csrf'], person);
    const userCode = text(body?.['request']).slice(0, 20);
    noteForAudit(request, { nothing: true });
    if (!person) {
      await this.toSignIn(reply, userCode);
      return;
    }
    const device = await this.find(userCode, person);
    if ('error' in device) {
      await this.askForCode(request, reply, person, userCode, device.error, device.status);
      return;
    }
    const shown = this.devices.givable(device, person);
    const ticked = tickedScopes(body).filter((scope) => shown.includes(scope));
    const allow = body?.['decision'] === 'allow' && ticked.length > 0;
    const { client } = await this.pending.shown(device);
    const done = allow ? await this.devices.answer(device, person, ticked) : await this.devices.deny(device);
    if (!done) {
      await this.askForCode(request, reply, person, userCode, UNKNOWN, 400);
      return;
    }
    noteForAudit(request, {
      nothing: false,
      subject: { ...device, userId: person.userId, sessionId: person.sessionId },
      ...(!allow && { denied: 'access_denied' }),
    });
    const outcome = allow ? 'allowed' : 'denied';
    await sendPage(reply, deviceDonePage({ outcome, clientName: nameOf(client) }));
  }

  private async find(
    userCode: string,
    person: BrowserPerson,
  ): Promise<PendingDevice | { error: string; status: number }> {
    try {
      return (await this.devices.find(userCode, person)) ?? { error: UNKNOWN, status: 400 };
    } catch (error) {
      if (error instanceof ToolgateError && error.code === 'rate_limited')
        return { error: error.options.detail ?? error.message, status: 429 };
      throw error;
    }
  }

  private async ask(
    device: PendingDevice,
    userCode: string,
    person: BrowserPerson,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { client, resource } = await this.pending.shown(device);
    const html = consentPage({
      csrf: this.cookies.formToken(this.cookies.browser(request, reply), person),
      request: grouped(userCode),
      user: { email: person.email },
      client: askingClient(client, undefined, true),
      resource: askedResource(resource),
      ...offered(resource, this.devices.givable(device, person), this.config.scopes),
      withheld: withheld(device.scopes, person.scopes, this.config.scopes),
      otherAccountHref: `/login?continue=device:${grouped(userCode)}`,
      device: { userCode: grouped(userCode) },
    });
    await sendPage(reply, html);
  }

  private async askForCode(
    request: FastifyRequest,
    reply: FastifyReply,
    person: BrowserPerson,
    userCode: string,
    error: string | undefined,
    status: number,
  ): Promise<void> {
    const csrf = this.cookies.formToken(this.cookies.browser(request, reply), person);
    await sendPage(reply, deviceCodePage({ csrf, userCode, error }), { status });
  }

  private async toSignIn(reply: FastifyReply, userCode: string): Promise<void> {
    const to = /^[A-Za-z-]{4,20}$/.test(userCode) ? `?continue=device:${userCode}` : '';
    await reply.redirect(`/login${to}`, 303);
  }
}
