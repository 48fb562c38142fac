import { randomBytes } from 'node:crypto';
import { query } from '../database.js';
import type { Trials } from './contender.js';
import { bearer, FORM, JSON_BODY, mustCall } from './requests.js';
import {
  ACCOUNTS,
  type Agent,
  CHALLENGE,
  clientCredentialsTrial,
  codeBody,
  codeTrial,
  credentialsBody,
  email,
  introspectionTrial,
  jwksTrial,
  loginTrial,
  REDIRECT,
  refreshGrantTrial,
  opaqueIntrospectionTrial,
  refreshTrial,
  registerTrial,
  times,
  toolTrial,
} from './trials.js';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Well within the life of an access token. */
const TOKENS_GOOD_FOR_MS = 300_000;
const CODES_PER_SECOND = 5000;

// Codes as consent would have made them, of one person after the other; what one is, is code- and its number.
const MAKE_CODES = `
  INSERT INTO authorization_codes (digest, request_id, grant_id, user_id, client_id, redirect_uri, code_challenge, resource,
                                   scopes, signed_in_at, expires_at)
  SELECT sha256(convert_to($1 || i, 'UTF8')), gen_random_uuid(), g.id, g.user_id, g.client_id, $2, $3, g.resource, g.scopes,
         now(), now() + interval '1 hour'
  FROM generate_series(1, $4::int) i JOIN (SELECT *, row_number() OVER () - 1 AS place, count(*) OVER () AS all_of_them FROM grants) g
    ON g.place = i % all_of_them`;
const MAKE_GRANTS = `
  INSERT INTO grants (id, user_id, client_id, resource, scopes, redirect_uris, created_at, updated_at)
  SELECT gen_random_uuid(), id, $1, $2, '{notes:read,notes:write}', $3, now(), now() FROM users`;
const MAKE_ADMIN = `UPDATE users SET scopes = scopes || '{admin}' WHERE email = $1`;

/** Fills a service over the wire, as its users would, and makes the loads of each operation. */
export class ToolgateTrials {
  private client = '';
  private agent: Agent = { client_id: '', client_secret: '' };
  private keys: string[] = [];
  private logins: { tokens: Tokens[]; at: number } = { tokens: [], at: -Infinity };
  private readonly resource: string;

  constructor(
    private readonly port: number,
    private readonly databaseUrl: string,
  ) {
    this.resource = `http://127.0.0.1:${port}/mcp`;
  }

  async setUp(): Promise<Trials> {
    await Promise.all(times(ACCOUNTS, (index) => this.post('/auth/register', credentialsBody(index))));
    await query(this.databaseUrl, MAKE_ADMIN, [email(0)]);
    // Every replica hears of it within a second.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const asAdmin = bearer((await this.logIn(0)).access_token);
    this.agent = await this.post('/admin/clients', JSON.stringify({
      client_name: 'agent', grant_types: ['client_credentials'], own_scopes: ['notes:read', 'notes:write'], serves: [this.resource],
    }), asAdmin); // prettier-ignore
    this.client = (await this.post<Agent>('/oauth/register', JSON.stringify({
      redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'],
    }))).client_id; // prettier-ignore
    await query(this.databaseUrl, MAKE_GRANTS, [this.client, this.resource, [REDIRECT]]);
    const key = JSON.stringify({ name: 'bench', scopes: ['mcp:write'] });
    const made = times(ACCOUNTS, () => this.post<{ key: string }>('/keys', key, asAdmin));
    this.keys = (await Promise.all(made)).map((answer) => answer.key);
    return this.trials();
  }

  private trials(): Trials {
    const { agent, client, keys } = this;
    return {
      'tool-jwt': async () => toolTrial(await this.accessTokens()),
      'tool-key': () => toolTrial(keys),
      refresh: async ({ connections }) =>
        refreshTrial('/auth/refresh', refreshTokens(await this.freshLogins(connections + 1)), 401),
      'refresh-grant': async ({ connections }) =>
        refreshGrantTrial('/oauth/token', client, refreshTokens(await this.exchanged(connections + 1))),
      'client-credentials': () => clientCredentialsTrial('/oauth/token', agent),
      code: async ({ connections, seconds }) =>
        codeTrial('/oauth/token', client, await this.codes(Math.ceil(seconds * CODES_PER_SECOND) + connections)),
      introspection: async () => introspectionTrial('/oauth/introspect', agent, await this.accessTokens()),
      'introspection-refresh': async () =>
        opaqueIntrospectionTrial('/oauth/introspect', agent, refreshTokens(await this.tokens())),
      login: () => loginTrial('/auth/login'),
      register: (extent) => registerTrial('/auth/register', extent, {}),
      jwks: () => jwksTrial('/.well-known/jwks.json'),
    }; // prettier-ignore
  }

  private post<Answer>(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    return mustCall(this.port, 'POST', path, { ...JSON_BODY, ...headers }, body);
  }

  private logIn(index: number): Promise<Tokens> {
    return this.post('/auth/login', credentialsBody(index));
  }

  private async freshLogins(count: number): Promise<Tokens[]> {
    return Promise.all(times(count, (index) => this.logIn(index % ACCOUNTS)));
  }

  private async tokens(): Promise<Tokens[]> {
    if (performance.now() - this.logins.at > TOKENS_GOOD_FOR_MS)
      this.logins = { tokens: await this.freshLogins(ACCOUNTS), at: performance.now() };
    return this.logins.tokens;
  }

  private async accessTokens(): Promise<string[]> {
    return (await this.tokens()).map((one) => one.access_token);
  }

  private async codes(count: number): Promise<string[]> {
    const prefix = `code-${randomBytes(8).toString('hex')}-`;
    await query(this.databaseUrl, MAKE_CODES, [prefix, REDIRECT, CHALLENGE, count]);
    return times(count, (index) => `${prefix}${index + 1}`);
  }

  private async exchanged(count: number): Promise<Tokens[]> {
    const exchange = (code: string) =>
      mustCall<Tokens>(this.port, 'POST', '/oauth/token', FORM, codeBody(this.client, code));
    return Promise.all((await this.codes(count)).map(exchange));
  }
}

const refreshTokens = (tokens: readonly Tokens[]) => tokens.map((one) => one.refresh_token);
