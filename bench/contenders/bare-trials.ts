import { createHash, randomBytes } from 'node:crypto';
import { query } from '../database.js';
import { CHAIN_SLOT } from '../load/load.js';
import type { Operation } from '../operations.js';
import type { Extent, Trial } from './contender.js';
import {
  basic,
  bearer,
  form,
  formPost,
  get,
  JSON_BODY,
  jsonPost,
  mustCall,
  refreshGrantBody,
  toolCall,
} from './requests.js';

const SECRET = randomBytes(32).toString('base64url');
const AGENT = basic('agent', SECRET);
const WRONG = { why: 'a wrong secret', headers: basic('agent', 'wrong'), statuses: [401] };
const PASSWORD = 'violet-Kettle-9-marmalade-orbit';
const REDIRECT = 'http://127.0.0.1/callback';
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const ACCOUNTS = 64;
const email = (index: number) => `bench-${index}@example.com`;

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

/** The loads of the bare server: the same as ours in every byte that matters. */
export class BareTrials {
  constructor(
    private readonly port: number,
    private readonly databaseUrl: string,
  ) {}

  async setUp(): Promise<void> {
    const add = 'INSERT INTO clients (client_id, secret_digest, scope) VALUES ($1, sha256($2), $3)';
    await query(this.databaseUrl, add, ['agent', Buffer.from(SECRET), 'notes:read notes:write']);
    const body = (index: number) => JSON.stringify({ email: email(index), password: PASSWORD });
    await Promise.all(
      Array.from({ length: ACCOUNTS }, (_, index) =>
        mustCall(this.port, 'POST', '/register', JSON_BODY, body(index)),
      ),
    );
  }

  async trial(operation: Operation, { connections, seconds }: Extent): Promise<Trial> {
    const unknown = 'tgr_nobody-issued-this';
    const json = (token: string) => JSON.stringify({ refresh_token: token });
    switch (operation) {
      case 'tool-jwt': {
        const tokens = await this.accessTokens(connections);
        return {
          load: toolCall('/mcp', tokens.map(bearer)),
          refusals: [
            { why: 'no credential', headers: { Authorization: '' }, statuses: [401] },
            { why: 'another signature', headers: bearer(`${tokens[0]?.slice(0, -8) ?? ''}AAAAAAAA`), statuses: [401] },
          ],
        }; // prettier-ignore
      }
      case 'refresh': {
        const [sample = '', ...chains] = await this.refreshTokens(connections + 1);
        return {
          load: { ...jsonPost('/refresh', [json(CHAIN_SLOT)], 200, '"access_token"'), chains },
          sample: json(sample),
          refusals: [{ why: 'a refresh token nobody issued', body: json(unknown), statuses: [400] }],
        };
      }
      case 'refresh-grant': {
        const [sample, ...chains] = await this.refreshTokens(connections + 1);
        return {
          load: { ...formPost('/token', [refreshGrantBody('bare')]), chains },
          sample: refreshGrantBody('bare', sample),
          refusals: [{ why: 'a refresh token nobody issued', body: refreshGrantBody('bare', unknown), statuses: [400] }],
        }; // prettier-ignore
      }
      case 'client-credentials':
        return {
          load: { ...formPost('/token', ['grant_type=client_credentials']), credentials: [AGENT] },
          refusals: [WRONG],
        };
      case 'code': {
        const [sample = '', ...bodies] = await this.codes(Math.ceil(seconds * 6000) + connections);
        return {
          load: { ...formPost('/token', bodies), once: true },
          sample,
          refusals: [{ why: 'a code nobody issued', body: codeBody('never-issued'), statuses: [400] }],
        };
      }
      case 'introspection':
        return introspection(await this.accessTokens(connections));
      case 'introspection-refresh':
        return introspection(await this.refreshTokens(connections));
      case 'login': {
        const body = (index: number, password: string) => JSON.stringify({ email: email(index), password });
        const bodies = Array.from({ length: ACCOUNTS }, (_, index) => body(index, PASSWORD));
        return {
          load: jsonPost('/login', bodies, 200, '"access_token"'),
          refusals: [{ why: 'a wrong password', body: body(2, 'wrong'), statuses: [401] }],
        };
      }
      case 'register': {
        const run = randomBytes(4).toString('hex');
        const body = (address: string) => JSON.stringify({ email: address, password: PASSWORD });
        const count = Math.ceil(seconds * 400) + connections;
        const bodies = Array.from({ length: count }, (_, index) => body(`${run}-${index}@example.com`));
        return {
          load: { ...jsonPost('/register', bodies, 201, '"user"'), once: true },
          sample: body(`${run}-sample@example.com`),
          refusals: [{ why: 'an account that is there already', body: body(email(0)), statuses: [409] }],
        };
      }
      case 'jwks':
        return { load: get('/jwks', '"keys"'), refusals: [] };
      case 'tool-key':
      case 'tool-open':
        throw new Error(`bare does not offer ${operation}`);
    }
  }

  private async refreshTokens(count: number): Promise<string[]> {
    const prefix = `tgr_${randomBytes(16).toString('hex')}-`;
    await query(this.databaseUrl, MAKE_REFRESH_TOKENS, [prefix, count, email(0)]);
    return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
  }

  private async accessTokens(count: number): Promise<string[]> {
    const refreshed = (await this.refreshTokens(count)).map((token) =>
      mustCall<{ access_token: string }>(this.port, 'POST', '/refresh', JSON_BODY, JSON.stringify({ refresh_token: token })),
    ); // prettier-ignore
    return (await Promise.all(refreshed)).map((answer) => answer.access_token);
  }

  private async codes(count: number): Promise<string[]> {
    const prefix = `code-${randomBytes(8).toString('hex')}-`;
    await query(this.databaseUrl, MAKE_CODES, [prefix, REDIRECT, CHALLENGE, count, email(1)]);
    return Array.from({ length: count }, (_, index) => codeBody(`${prefix}${index + 1}`));
  }
}

const codeBody = (code: string) =>
  form({
    grant_type: 'authorization_code',
    client_id: 'app',
    redirect_uri: REDIRECT,
    code,
    code_verifier: VERIFIER,
  });

function introspection(tokens: readonly string[]): Trial {
  const load = formPost('/introspect', tokens.map((token) => form({ token })), '"active":true'); // prettier-ignore
  const dead = form({ token: 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA' });
  return {
    load: { ...load, credentials: [AGENT] },
    refusals: [
      WRONG,
      { why: 'a token nobody signed', body: dead, statuses: [200], contains: '"active":false' },
    ],
  };
}
