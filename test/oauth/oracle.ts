import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as oidc from 'oidc-provider';
import type { TestService } from '../support/harness.js';
import { REDIRECT } from '../support/oauth.js';

export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
export const LOOPBACK = 'http://127.0.0.1/callback';
const SCOPES = 'notes:read notes:write';

export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** A server as its clients see it. */
export interface Subject {
  readonly issuer: string;
  readonly authorize: string;
  readonly token: string;
  readonly register: string;
  readonly resource: string;
  readonly pub: Credentials;
  readonly native: Credentials;
  readonly basic: Credentials;
  readonly device: Credentials;
  readonly agent: Credentials;
}

/** What a client can tell apart: `400 invalid_grant`, `3xx to the client: invalid_scope`, `2xx`. */
export type Outcome = string;

export interface OracleCase {
  readonly name: string;
  send(subject: Subject): Promise<Response>;
}

async function register(url: string, metadata: object): Promise<Credentials> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  if (answer.status !== 201) throw new Error(`${url} ${await answer.text()}`);
  const body = (await answer.json()) as { client_id: string; client_secret?: string };
  return { id: body.client_id, secret: body.client_secret ?? '' };
}

async function registerAll(url: string) {
  const none = { token_endpoint_auth_method: 'none', response_types: ['code'] };
  const code = { grant_types: ['authorization_code', 'refresh_token'] };
  return {
    pub: await register(url, { ...none, ...code, redirect_uris: [REDIRECT] }),
    native: await register(url, { ...none, ...code, redirect_uris: [LOOPBACK], application_type: 'native' }),
    basic: await register(url, {
      ...code,
      redirect_uris: [REDIRECT],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    }),
    device: await register(url, {
      ...none,
      grant_types: ['authorization_code', 'refresh_token', DEVICE],
      redirect_uris: [REDIRECT],
    }),
  };
}

export async function toolgate(service: TestService): Promise<Subject> {
  const { url } = service;
  const made = await service.call('POST', '/admin/clients', {
    bearer: (await service.person('admin')).accessToken,
    body: {
      client_name: 'Agent',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      own_scopes: ['notes:read'],
    },
  });
  return {
    issuer: url,
    authorize: `${url}/oauth/authorize`,
    token: `${url}/oauth/token`,
    register: `${url}/oauth/register`,
    resource: service.config.resource,
    ...(await registerAll(`${url}/oauth/register`)),
    agent: { id: made.body.client_id, secret: made.body.client_secret },
  };
}

const { InvalidTarget } = (oidc as unknown as { errors: { InvalidTarget: new () => Error } }).errors;

/** The oracle: oidc-provider with the features that we offer too. */
export async function oidcProvider(): Promise<{ subject: Subject; stop(): Promise<void> }> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const resource = `${issuer}/mcp`;
  const agent = { id: 'agent', secret: 'x'.repeat(43) };
  const provider = new oidc.default(issuer, {
    clients: [
      {
        client_id: agent.id,
        client_secret: agent.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: 'notes:read',
      },
    ],
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    cookies: { keys: ['x'.repeat(32)], long: { sameSite: 'none' } },
    enableHttpPostMethods: true,
    ttl: { Interaction: 600, ClientCredentials: 600 },
    interactions: { url: () => '/interaction' },
    renderError(ctx: { type: string; body: unknown }, out: object) {
      ctx.type = 'json';
      ctx.body = out;
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo(_context: unknown, indicator: string) {
          if (indicator !== resource) throw new InvalidTarget();
          return { scope: SCOPES, accessTokenFormat: 'jwt' };
        },
      },
    },
  });
  server.on('request', provider.callback());
  const subject = {
    issuer,
    authorize: `${issuer}/auth`,
    token: `${issuer}/token`,
    register: `${issuer}/reg`,
    resource,
    ...(await registerAll(`${issuer}/reg`)),
    agent,
  };
  return {
    subject,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** The error word of our page stands in it as it does in an answer of oidc-provider. */
const WORD =
  /"error":"(\w+)"|>\s*(invalid_\w+|unauthorized_client|malformed_request|not_found|unsupported_\w+|payload_too_large)\s*</;

export async function outcomeOf(answer: Response, { issuer }: Subject): Promise<Outcome> {
  const kind = `${Math.floor(answer.status / 100)}xx`;
  const location = answer.headers.get('location');
  if (location !== null) {
    const target = new URL(location, issuer);
    if (target.origin === issuer) return `${kind} to its own page`;
    const answered = new URLSearchParams(target.hash.slice(1) || target.search);
    const where = target.hash === '' ? 'to the client' : 'to the client by fragment';
    return `${kind} ${where}: ${answered.get('error') ?? 'a code'}`;
  }
  const [, inJson, inPage] = WORD.exec((await answer.text()).replace(/": "/g, '":"')) ?? [];
  const word = answer.status < 400 ? '' : (inJson ?? inPage ?? 'without a word');
  return `${answer.status >= 400 ? answer.status : kind} ${word}`.trim();
}
