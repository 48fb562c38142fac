import { randomBytes } from 'node:crypto';
import { BARE_SCHEMA } from './bare/sql.js';
import type { Trials } from './contender.js';
import { JSON_BODY, mustCall } from './requests.js';
import {
  ACCOUNTS,
  CHALLENGE,
  clientCredentialsTrial,
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

const AGENT = { client_id: 'agent', client_secret: randomBytes(32).toString('base64url') };
const CODES_PER_SECOND = 6000;

const MAKE_REFRESH_TOKENS = `
  WITH opened AS (
    INSERT INTO sessions (id, user_id, client_id, scope)
    SELECT gen_random_uuid(), (SELECT id FROM users WHERE email = $3), 'bare', 'notes:read notes:write' FROM generate_series(1, $2::int)
    RETURNING id
  )
  INSERT INTO refresh_tokens (digest, session_id, expires_at)
  SELECT sha256(convert_to($1 || row_number() OVER (), 'UTF8')), id, now() + interval '14 days' FROM opened`;
const MAKE_CODES = `
  INSERT INTO codes (digest, user_id, client_id, redirect_uri, challenge, scope, expires_at)
  SELECT sha256(convert_to($1 || i, 'UTF8')), u.id, 'app', $2, $3, 'notes:read notes:write', now() + interval '1 hour'
  FROM generate_series(1, $4::int) i CROSS JOIN users u WHERE u.email = $5`;

export class BareTrials {
  constructor(
    private readonly port: number,
    private readonly sql: (text: string, values?: unknown[]) => Promise<unknown>,
  ) {}

  async setUp(): Promise<Trials> {
    await this.sql(BARE_SCHEMA);
    const add = 'INSERT INTO clients (client_id, secret_digest, scope) VALUES ($1, sha256($2), $3)';
    await this.sql(add, [AGENT.client_id, Buffer.from(AGENT.client_secret), 'notes:read notes:write']);
    const register = (index: number) =>
      mustCall(this.port, 'POST', '/register', JSON_BODY, credentialsBody(index));
    await Promise.all(times(ACCOUNTS, register));
    return {
      'tool-jwt': async ({ connections }) => toolTrial(await this.accessTokens(connections)),
      refresh: async ({ connections }) =>
        refreshTrial('/refresh', await this.refreshTokens(connections + 1), 400),
      'refresh-grant': async ({ connections }) =>
        refreshGrantTrial('/token', 'bare', await this.refreshTokens(connections + 1)),
      'client-credentials': () => clientCredentialsTrial('/token', AGENT),
      code: async ({ connections, seconds }) =>
        codeTrial('/token', 'app', await this.codes(Math.ceil(seconds * CODES_PER_SECOND) + connections)),
      introspection: async ({ connections }) =>
        introspectionTrial('/introspect', AGENT, await this.accessTokens(connections)),
      'introspection-refresh': async ({ connections }) =>
        opaqueIntrospectionTrial('/introspect', AGENT, await this.refreshTokens(connections)),
      login: () => loginTrial('/login'),
      register: (extent) => registerTrial('/register', extent, {}),
      jwks: () => jwksTrial('/jwks'),
    };
  }

  private async refreshTokens(count: number): Promise<string[]> {
    const prefix = `tgr_${randomBytes(16).toString('hex')}-`;
    await this.sql(MAKE_REFRESH_TOKENS, [prefix, count, email(0)]);
    return times(count, (index) => `${prefix}${index + 1}`);
  }

  private async accessTokens(count: number): Promise<string[]> {
    const refresh = (token: string) =>
      mustCall<{ access_token: string }>(this.port, 'POST', '/refresh', JSON_BODY, JSON.stringify({ refresh_token: token })); // prettier-ignore
    const refreshed = (await this.refreshTokens(count)).map(refresh);
    return (await Promise.all(refreshed)).map((answer) => answer.access_token);
  }

  private async codes(count: number): Promise<string[]> {
    const prefix = `code-${randomBytes(8).toString('hex')}-`;
    await this.sql(MAKE_CODES, [prefix, REDIRECT, CHALLENGE, count, email(1)]);
    return times(count, (index) => `${prefix}${index + 1}`);
  }
}
