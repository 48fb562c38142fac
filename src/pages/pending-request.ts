import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { MasterKey } from '../crypto/master-key.js';
import { PageError } from '../errors/oauth-error.js';
import { type AuthorizationRequest, openRequest } from '../oauth/authorize/authorization-request.js';
import { errorLocation, RedirectableError } from '../oauth/authorize/authorization-response.js';
import { BrowserCookies } from '../oauth/browser-cookies.js';
import { type Client, nameOf } from '../oauth/clients/client.js';
import { ClientsService } from '../oauth/clients/clients.service.js';
import { grouped } from '../oauth/device/device.service.js';
import { type Resource } from '../resources/resource.js';
import { ResourcesRepository } from '../resources/resources.repository.js';

/** Where someone was going when a page got in between. */
export type Errand =
  | { readonly kind: 'none' }
  | { readonly kind: 'device'; readonly userCode: string }
  | { readonly kind: 'authorize'; readonly sealed: string; readonly request: AuthorizationRequest };

export interface Shown {
  readonly client: Client;
  readonly resource: Resource;
}

const DEVICE = /^device:([A-Za-z-]{4,20})$/;

/** The authorization request that a page belongs to, opened for the browser that began it and for no other. */
@Injectable()
export class PendingRequests {
  constructor(
    private readonly cookies: BrowserCookies,
    private readonly clients: ClientsService,
    private readonly resources: ResourcesRepository,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws PageError when it is too old, or another browser began it (attack 10). */
  open(request: FastifyRequest, sealed: unknown): AuthorizationRequest {
    const bound =
      typeof sealed === 'string' ? openRequest(this.masterKey, sealed, this.clock.now()) : undefined;
    if (bound && bound.browser === this.cookies.knownBrowser(request)) return bound.request;
    throw new PageError(bound ? 'foreign_request' : 'stale_request', {
      title: bound ? 'This was begun in another browser' : 'This link is too old',
      what: bound
        ? 'What an app asked for in one browser can only be allowed in that browser.'
        : 'What an app asks for must be answered within half an hour.',
      mend: ['Go back to the app and connect again. Allow cookies for this site.'],
    });
  }

  errand(request: FastifyRequest, continueTo: unknown): Errand {
    if (typeof continueTo !== 'string' || continueTo === '') return { kind: 'none' };
    const device = DEVICE.exec(continueTo)?.[1];
    if (device !== undefined) return { kind: 'device', userCode: grouped(device) };
    return { kind: 'authorize', sealed: continueTo, request: this.open(request, continueTo) };
  }

  /** Where to go on after the sign-in. */
  next(errand: Errand): string {
    if (errand.kind === 'none') return '/account';
    return errand.kind === 'device'
      ? `/device?user_code=${errand.userCode}`
      : `/consent?request=${errand.sealed}`;
  }

  /** @throws PageError when the client or the resource was removed meanwhile. */
  async shown({ clientId, resource: identifier }: { clientId: string; resource: string }): Promise<Shown> {
    const [client, resource] = await Promise.all([
      this.clients.find(clientId),
      this.resources.find(identifier),
    ]);
    if (client && resource) return { client, resource };
    throw new PageError('stale_request', {
      title: 'This app is not known here any more',
      what: 'It was removed while you were signing in.',
      mend: ['Go back to the app and connect again.'],
    });
  }

  async why(errand: Errand): Promise<{ name: string; resource: string } | undefined> {
    if (errand.kind !== 'authorize') return undefined;
    const { client, resource } = await this.shown(errand.request);
    return { name: nameOf(client), resource: resource.name };
  }

  /** Sends the browser to the client with an error, when that is what was thrown. */
  async redirectError(error: unknown, reply: FastifyReply): Promise<void> {
    if (!(error instanceof RedirectableError)) throw error;
    await reply.header('Cache-Control', 'no-store').redirect(errorLocation(error, this.config.issuer), 303);
  }
}
