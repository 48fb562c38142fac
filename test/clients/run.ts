import { strict as assert } from 'node:assert';
import { generateKeyPairSync, type KeyObject, randomInt, randomUUID } from 'node:crypto';
import { exportJWK, type JWK, SignJWT } from 'jose';
import { parseClientDocument } from '../../src/oauth/client-documents/client-document.js';
import { WELL_KNOWN_CLIENTS } from '../../src/oauth/client-documents/well-known-clients.js';
import { PostgresDocumentStore } from '../../src/oauth/clients/document-store.js';
import { redirectUriProblem } from '../../src/oauth/clients/redirect-uri.js';
import { rememberSecret } from '../support/credentials.js';
import { type Answer, type Person, type TestService, setScopes } from '../support/harness.js';
import { Browser, pkce } from '../support/oauth.js';
import { throughPages, type Tick } from './pages.js';
import type { Script, Step } from './script.js';

const YEAR_MS = 365 * 24 * 3600 * 1000;
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The keys with which a vendor's client signs. */
export class VendorKeys {
  readonly pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  url = '';

  async set(): Promise<{ keys: JWK[] }> {
    return { keys: [{ ...(await exportJWK(this.pair.publicKey)), kid: 'vendor-1', alg: 'RS256' }] };
  }
}

interface ServerMetadata {
  readonly issuer: string;
  readonly scopes_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly code_challenge_methods_supported: readonly string[];
  readonly client_id_metadata_document_supported: boolean;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly registration_endpoint: string;
  readonly revocation_endpoint: string;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly scopes: readonly string[];
}

export interface AuthorizeOptions {
  readonly scope: string | undefined;
  /** Which of the boxes stay ticked. */
  readonly tick?: Tick;
  readonly redirectUri?: string;
  readonly resource?: string;
}

/** One client from its first request to its end, against the real service over HTTP. */
export class Run {
  readonly browser: Browser;
  readonly redirectUri: string;
  metadata!: ServerMetadata;
  /** RFC 7591 section 3.2.1. */
  registered: Record<string, unknown> = {};
  clientId = '';
  tokens!: Tokens;
  private challengeScope = '';

  constructor(
    readonly script: Script,
    readonly service: TestService,
    readonly person: Person,
    readonly vendor: VendorKeys,
  ) {
    this.browser = new Browser(service.url);
    this.redirectUri = script.redirectUri.replace('{port}', String(randomInt(20_000, 60_000)));
  }

  readonly steps: Readonly<Record<Step, () => Promise<void>>> = {
    discovery: () => this.discover(),
    registration: () => this.register(),
    'first connect': async () => {
      const scope = this.askedFor(this.firstScope());
      this.tokens = await this.connect({
        scope,
        tick: (boxes) => boxes.filter((box) => box === 'notes:read'),
      });
      assert.ok(!this.tokens.scopes.includes('notes:write'), 'what was not ticked was not given');
    },
    'tool call': async () => {
      const tool = this.tokens.scopes.includes('notes:read') ? 'notes_list' : 'whoami';
      await this.callTool(tool, {}, 200);
    },
    'own ways': async () => {
      for (const { words, check } of this.script.ownWays ?? []) {
        await check(this).catch((cause: unknown) => {
          throw new Error(`${words}: ${String(cause)}`, { cause });
        });
      }
    },
    'step-up': () => this.stepUp(),
    refresh: () => this.refreshStep(),
    reconnect: () => this.reconnect(),
    revocation: () => this.revoke(),
  };

  /** The path of one of the service's URLs, for `service.call`. */
  at(url: string): string {
    assert.ok(url.startsWith(`${this.service.url}/`), `${url} is the service's`);
    return url.slice(this.service.url.length);
  }

  get(path: string): Promise<Answer> {
    return this.service.call('GET', path, { headers: { Accept: 'application/json' } });
  }

  async callTool(name: string, args: object, status: number, bearer = this.tokens.access): Promise<Answer> {
    const answer = await this.service.call('POST', '/mcp', {
      bearer,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } },
      headers: { Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2025-06-18' },
    });
    assert.equal(answer.status, status, `${name}: ${answer.text}`);
    if (status === 200) assert.ok(!answer.text.includes('"isError":true'), answer.text);
    return answer;
  }

  /** What the person may give, as an operator sets it. */
  async giveScopes(...scopes: string[]): Promise<void> {
    await setScopes(this.service, this.person.email, scopes);
  }

  writeNote(status: number): Promise<Answer> {
    return this.callTool('notes_write', { title: 'A note', body: 'of a client' }, status);
  }

  /** Sends the person away and takes them back: to the parameters that came with them. */
  async authorize(options: AuthorizeOptions): Promise<{ answer: URLSearchParams; verifier: string }> {
    const { verifier, challenge } = pkce();
    const redirectUri = options.redirectUri ?? this.redirectUri;
    const state = this.script.state ?? 'state-1';
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state,
      ...(options.scope === undefined ? {} : { scope: options.scope }),
      ...this.resource(options.resource),
      ...this.script.authorize,
    });
    const url = `${this.metadata.authorization_endpoint}?${query.toString()}`;
    const location = await throughPages(this.browser, this.person, url, options.tick);
    assert.ok(location.startsWith(`${redirectUri}?`), `${location} is ${redirectUri}`);
    const raw = /[?&]state=([^&]*)/.exec(location)?.[1] ?? '';
    assert.equal(decodeURIComponent(raw), state, 'state came back byte for byte');
    const answer = new URL(location).searchParams;
    // RFC 9207 section 2.4: advertised, so it must be there and be right.
    assert.equal(answer.get('iss'), this.metadata.issuer);
    return { answer, verifier };
  }

  async connect(options: AuthorizeOptions): Promise<Tokens> {
    const { answer, verifier } = await this.authorize(options);
    const code = answer.get('code');
    assert.ok(code !== null, `a code came: ${answer.toString()}`);
    rememberSecret(code);
    return this.taken(
      await this.token({
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        redirect_uri: options.redirectUri ?? this.redirectUri,
        ...this.resource(options.resource),
      }),
    );
  }

  async token(form: Record<string, string>): Promise<Answer> {
    const { headers, body } = await this.authenticated(form);
    return this.service.call('POST', this.at(this.metadata.token_endpoint), { headers, body });
  }

  /** RFC 7523 section 2.2. */
  async assertion(key: KeyObject = this.vendor.pair.privateKey): Promise<string> {
    const now = Math.floor(this.service.clock.now().getTime() / 1000);
    return new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'RS256', kid: 'vendor-1' })
      .setIssuer(this.clientId)
      .setSubject(this.clientId)
      .setAudience(this.metadata.issuer)
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .sign(key);
  }

  taken({ status, body, text }: Answer): Tokens {
    assert.equal(status, 200, text);
    assert.equal(body.token_type, 'Bearer');
    assert.ok(Number.isInteger(body.expires_in), 'expires_in is a number');
    return { access: body.access_token, refresh: body.refresh_token, scopes: String(body.scope).split(' ') };
  }

  /** Neither `scope` nor `resource`: some clients have left out each (clients rule 6). */
  refresh(refreshToken = this.tokens.refresh): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  private async discover(): Promise<void> {
    const { script, service } = this;
    const method = script.opensWith ?? 'POST';
    const body = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
    const first = await service.call(method, '/mcp', method === 'POST' ? { body } : {});
    assert.equal(first.status, 401);
    const challenge = first.headers.get('www-authenticate') ?? '';
    assert.match(challenge, /^Bearer /);
    assert.doesNotMatch(challenge, /error=/, 'nothing was wrong yet (RFC 6750 section 3.1)');
    this.challengeScope = /\bscope="([^"]*)"/.exec(challenge)?.[1] ?? '';
    const named = this.at(/resource_metadata="([^"]*)"/.exec(challenge)?.[1] ?? '');
    const wellKnown = '/.well-known/oauth-protected-resource';
    const places = script.resourceMetadata === 'both well-knowns' ? [`${wellKnown}/mcp`, wellKnown] : [named];
    for (const place of places) {
      const resource = await this.get(place);
      assert.equal(resource.status, 200, place);
      assert.equal(resource.body.resource, `${service.url}/mcp`);
      await this.readServer(resource.body.authorization_servers[0]);
    }
    for (const unknown of [
      '/mcp/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/x',
    ])
      await this.isJsonNotFound(unknown);
  }

  private async readServer(issuer: string): Promise<void> {
    assert.equal(issuer, this.service.config.issuer);
    const answer = await this.get('/.well-known/oauth-authorization-server');
    assert.equal(answer.status, 200);
    this.metadata = answer.body;
    assert.equal(this.metadata.issuer, issuer);
    assert.equal(this.metadata.code_challenge_methods_supported.join(' '), 'S256');
    assert.ok(
      this.metadata.token_endpoint_auth_methods_supported.includes(this.script.authMethod ?? 'none'),
      'its way to authenticate is offered',
    );
  }

  private async isJsonNotFound(path: string): Promise<void> {
    const { status, headers } = await this.get(path);
    assert.equal(status, 404, path);
    assert.match(headers.get('content-type') ?? '', /json/, path);
  }

  private async register(): Promise<void> {
    const { registration } = this.script;
    if (registration.way === 'document') {
      assert.ok(this.metadata.client_id_metadata_document_supported);
      this.clientId = registration.clientId;
      const { clientId, document } = registration;
      await this.publish(clientId, document?.(this.vendor.url) ?? WELL_KNOWN_CLIENTS.get(clientId));
      return;
    }
    const body = Object.fromEntries(
      Object.entries(registration.body).map(([name, value]) => [
        name,
        name === 'redirect_uris'
          ? (value as string[]).map((uri) => (uri === this.script.redirectUri ? this.redirectUri : uri))
          : value,
      ]),
    );
    const answer = await this.service.call('POST', this.at(this.metadata.registration_endpoint), { body });
    assert.equal(answer.status, 201, answer.text);
    this.registered = answer.body;
    for (const [name, value] of Object.entries(this.registered))
      assert.ok(value !== null && value !== '', `${name} is left out rather than empty`);
    assert.equal(String(this.registered['redirect_uris']), String(body['redirect_uris']));
    if ('client_secret' in this.registered)
      assert.ok(Number.isInteger(this.registered['client_secret_expires_at']));
    this.clientId = String(this.registered['client_id']);
    assert.match(this.clientId, /^[\w-]+$/);
  }

  /** No test reaches a vendor: its document is already in the table, as if it had just been fetched. */
  private async publish(url: string, document: unknown): Promise<void> {
    const fetchedAt = this.service.clock.now();
    await this.service.app.get(PostgresDocumentStore, { strict: false }).save(url, {
      document: parseClientDocument(url, document, { redirectUriProblem, allowLoopback: true }),
      fetchedAt,
      freshUntil: new Date(fetchedAt.getTime() + YEAR_MS),
    });
  }

  private firstScope(): string | undefined {
    const { scope } = this.script;
    const offered = { challenge: this.challengeScope, supported: this.metadata.scopes_supported };
    return scope ? scope(offered) : this.challengeScope;
  }

  private askedFor(scope: string | undefined): string | undefined {
    const all = [scope, this.script.alsoAsks].filter((part) => part !== undefined).join(' ');
    return all === '' ? undefined : all;
  }

  private resource(other: string | undefined): Record<string, string> {
    if (other !== undefined) return { resource: other };
    return this.script.omitsResource ? {} : { resource: `${this.service.url}/mcp` };
  }

  private async authenticated(form: Record<string, string>) {
    const method = this.script.authMethod ?? 'none';
    const headers: Record<string, string> = { ...FORM };
    const body = new URLSearchParams(form);
    // Without URL encoding, as several SDKs do it (clients rule 12).
    if (method === 'client_secret_basic')
      headers['Authorization'] =
        `Basic ${Buffer.from(`${this.clientId}:${String(this.registered['client_secret'])}`).toString('base64')}`;
    else body.set('client_id', this.clientId);
    if (method === 'private_key_jwt') {
      body.set('client_assertion_type', ASSERTION_TYPE);
      body.set('client_assertion', await this.assertion());
    }
    return { headers, body: body.toString() };
  }

  /** A 403 that names what is missing; another round for that and all it has; the call goes through. */
  private async stepUp(): Promise<void> {
    const refused = (await this.writeNote(403)).headers.get('www-authenticate') ?? '';
    assert.match(refused, /error="insufficient_scope"/);
    const needed = /\bscope="([^"]*)"/.exec(refused)?.[1] ?? '';
    assert.equal(needed, 'notes:write');
    const union = [...new Set([...this.tokens.scopes, ...needed.split(' ')])].join(' ');
    this.tokens = await this.connect({ scope: this.askedFor(union) });
    await this.writeNote(200);
  }

  private async refreshStep(): Promise<void> {
    const before = this.tokens;
    const answers = await Promise.all([this.refresh(), this.refresh()]);
    const [one, other] = answers.map((answer) => this.taken(answer));
    assert.ok(one && other);
    assert.equal(one.refresh, other.refresh, 'agents that share one token get the same successor');
    assert.notEqual(one.refresh, before.refresh);
    assert.equal([...one.scopes].sort().join(' '), [...before.scopes].sort().join(' '));
    this.tokens = one;
    await this.writeNote(200);
  }

  private async reconnect(): Promise<void> {
    this.service.clock.advance(this.service.config.ACCESS_TOKEN_TTL + 1);
    const refused = await this.writeNote(401);
    assert.match(refused.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    this.tokens = this.taken(await this.refresh());
    await this.writeNote(200);
  }

  private async revoke(): Promise<void> {
    const { headers, body } = await this.authenticated({ token: this.tokens.refresh });
    const path = this.at(this.metadata.revocation_endpoint);
    assert.equal((await this.service.call('POST', path, { headers, body })).status, 200);
    await this.writeNote(401);
    const dead = await this.refresh();
    assert.equal(dead.status, 400);
    assert.equal(dead.body.error, 'invalid_grant');
  }
}
