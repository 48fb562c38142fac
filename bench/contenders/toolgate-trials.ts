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

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}
interface ClientAnswer {
  readonly client_id: string;
  readonly client_secret: string;
}

const PASSWORD = 'violet-Kettle-9-marmalade-orbit';
const REDIRECT = 'http://127.0.0.1/callback';
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const ACCOUNTS = 64;
/** Well within the life of an access token. */
const TOKENS_GOOD_FOR_MS = 300_000;
const NO_TOKEN = `tgr_${'A'.repeat(43)}`;
const email = (index: number) => `bench-${index}@example.com`;

// Codes as consent would have made them; what one is, is code- and its number.
const MAKE_CODES = `
  INSERT INTO authorization_codes (digest, request_id, grant_id, user_id, client_id, redirect_uri, code_challenge, resource,
                                   scopes, signed_in_at, expires_at)
  SELECT sha256(convert_to($1 || i, 'UTF8')), gen_random_uuid(), g.id, g.user_id, g.client_id, $2, $3, g.resource, g.scopes,
         now(), now() + interval '1 hour'
  FROM generate_series(1, $4::int) i CROSS JOIN grants g`;
const MAKE_GRANT = `
  INSERT INTO grants (id, user_id, client_id, resource, scopes, redirect_uris, created_at, updated_at)
  SELECT gen_random_uuid(), id, $2, $3, '{notes:read,notes:write}', $4, now(), now() FROM users WHERE email = $1`;

/** Fills a service over the wire, as its users would, and makes the loads of each operation. */
export class ToolgateTrials {
  private client = '';
  private agent: ClientAnswer = { client_id: '', client_secret: '' };
  private keys: string[] = [];
  private logins: { tokens: Tokens[]; at: number } = { tokens: [], at: -Infinity };
  private readonly resource: string;

  constructor(
    private readonly port: number,
    private readonly databaseUrl: string,
  ) {
    this.resource = `http://127.0.0.1:${port}/mcp`;
  }

  async setUp(): Promise<void> {
    const body = (index: number) => JSON.stringify({ email: email(index), password: PASSWORD });
    await Promise.all(
      Array.from({ length: ACCOUNTS }, (_, index) =>
        mustCall(this.port, 'POST', '/auth/register', JSON_BODY, body(index)),
      ),
    );
    await query(this.databaseUrl, `UPDATE users SET scopes = scopes || '{admin}' WHERE email = $1`, [
      email(0),
    ]);
    // Every replica hears of it within a second.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { access_token: admin } = await this.logIn(0);
    const asAdmin = { ...JSON_BODY, ...bearer(admin) };
    this.agent = await mustCall(this.port, 'POST', '/admin/clients', asAdmin, JSON.stringify({
      client_name: 'agent', grant_types: ['client_credentials'], own_scopes: ['notes:read', 'notes:write'], serves: [this.resource],
    })); // prettier-ignore
    const registered = await mustCall<ClientAnswer>(this.port, 'POST', '/oauth/register', JSON_BODY, JSON.stringify({
      redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'],
    })); // prettier-ignore
    this.client = registered.client_id;
    await query(this.databaseUrl, MAKE_GRANT, [email(1), this.client, this.resource, [REDIRECT]]);
    const key = JSON.stringify({ name: 'bench', scopes: ['mcp:write'] });
    const made = Array.from({ length: ACCOUNTS }, () =>
      mustCall<{ key: string }>(this.port, 'POST', '/keys', asAdmin, key),
    );
    this.keys = (await Promise.all(made)).map((answer) => answer.key);
  }

  async trial(operation: Operation, { connections, seconds }: Extent): Promise<Trial> {
    const { agent, client } = this;
    const asAgent = basic(agent.client_id, agent.client_secret);
    switch (operation) {
      case 'tool-jwt':
        return this.tool((await this.tokens()).map(({ access_token: token }) => bearer(token)));
      case 'tool-key':
        return this.tool(this.keys.map((key) => bearer(key)));
      case 'tool-open':
        return { load: toolCall('/mcp', undefined), refusals: [] };
      case 'refresh': {
        const [sample, ...chains] = await this.freshLogins(connections + 1);
        const body = (token: string) => JSON.stringify({ refresh_token: token });
        return {
          load: { ...jsonPost('/auth/refresh', [body(CHAIN_SLOT)], 200, '"access_token"'), chains: refreshTokens(chains) },
          sample: body(sample?.refresh_token ?? ''),
          refusals: [{ why: 'a refresh token nobody issued', body: body(NO_TOKEN), statuses: [401] }],
        }; // prettier-ignore
      }
      case 'refresh-grant': {
        const [sample, ...chains] = await this.exchanged(connections + 1);
        return {
          load: { ...formPost('/oauth/token', [refreshGrantBody(client)]), chains: refreshTokens(chains) },
          sample: refreshGrantBody(client, sample?.refresh_token),
          refusals: [{ why: 'a refresh token nobody issued', body: refreshGrantBody(client, NO_TOKEN), statuses: [400] }],
        }; // prettier-ignore
      }
      case 'client-credentials':
        return {
          load: { ...formPost('/oauth/token', ['grant_type=client_credentials']), credentials: [asAgent] },
          refusals: [{ why: 'a wrong secret', headers: basic(agent.client_id, 'wrong'), statuses: [401] }],
        };
      case 'code': {
        const [sample, ...bodies] = await this.codes(Math.ceil(seconds * 5000) + connections);
        const unknown = this.codeBody('never-issued');
        return {
          load: { ...formPost('/oauth/token', bodies), once: true },
          ...(sample !== undefined && { sample }),
          refusals: [{ why: 'a code nobody issued', body: unknown, statuses: [400] }],
        };
      }
      case 'introspection':
        return this.introspection(
          asAgent,
          (await this.tokens()).map((tokens) => tokens.access_token),
          'eyJhbGciOiJFUzI1NiJ9.e30.AAAA',
        );
      case 'introspection-refresh':
        return this.introspection(asAgent, refreshTokens(await this.tokens()), NO_TOKEN);
      case 'login': {
        const body = (index: number, password: string) => JSON.stringify({ email: email(index), password });
        return {
          load: jsonPost('/auth/login', Array.from({ length: ACCOUNTS }, (_, index) => body(index, PASSWORD)), 200, '"access_token"'),
          refusals: [{ why: 'a wrong password', body: body(2, 'wrong'), statuses: [401] }],
        }; // prettier-ignore
      }
      case 'register': {
        const run = randomBytes(4).toString('hex');
        const body = (address: string) => JSON.stringify({ email: address, password: PASSWORD });
        const bodies = Array.from({ length: Math.ceil(seconds * 400) + connections }, (_, i) =>
          body(`${run}-${i}@example.com`),
        );
        return {
          load: { ...jsonPost('/auth/register', bodies, 201, '"user"'), once: true },
          sample: body(`${run}-sample@example.com`),
          refusals: [{ why: 'an account that is there already', body: body(email(0)), statuses: [409] }],
        }; // prettier-ignore
      }
      case 'jwks':
        return { load: get('/.well-known/jwks.json', '"keys"'), refusals: [] };
    }
  }

  private tool(credentials: Record<string, string>[]): Trial {
    return {
      load: toolCall('/mcp', credentials),
      refusals: [
        { why: 'no credential', headers: { Authorization: '' }, statuses: [401] },
        { why: 'a token with another signature', headers: bearer(`${credentials[0]?.['Authorization']?.slice(7, -8) ?? ''}AAAAAAAA`), statuses: [401] },
      ],
    }; // prettier-ignore
  }

  private introspection(credential: Record<string, string>, tokens: string[], dead: string): Trial {
    return {
      load: {
        ...formPost('/oauth/introspect', tokens.map((token) => form({ token })), '"active":true'),
        credentials: [credential],
      },
      refusals: [
        { why: 'a wrong secret', headers: basic(this.agent.client_id, 'wrong'), statuses: [401] },
        { why: 'a token nobody signed', body: form({ token: dead }), statuses: [200], contains: '"active":false' },
      ],
    }; // prettier-ignore
  }

  private async logIn(index: number): Promise<Tokens> {
    const body = JSON.stringify({ email: email(index), password: PASSWORD });
    return mustCall(this.port, 'POST', '/auth/login', JSON_BODY, body);
  }

  private async freshLogins(count: number): Promise<Tokens[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.logIn(index % ACCOUNTS)));
  }

  private async tokens(): Promise<Tokens[]> {
    if (performance.now() - this.logins.at > TOKENS_GOOD_FOR_MS)
      this.logins = { tokens: await this.freshLogins(ACCOUNTS), at: performance.now() };
    return this.logins.tokens;
  }

  private codeBody(code: string): string {
    const fields = { grant_type: 'authorization_code', client_id: this.client, redirect_uri: REDIRECT };
    return form({ ...fields, code, code_verifier: VERIFIER });
  }

  private async codes(count: number): Promise<string[]> {
    const prefix = `code-${randomBytes(8).toString('hex')}-`;
    await query(this.databaseUrl, MAKE_CODES, [prefix, REDIRECT, CHALLENGE, count]);
    return Array.from({ length: count }, (_, index) => this.codeBody(`${prefix}${index + 1}`));
  }

  private async exchanged(count: number): Promise<Tokens[]> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return Promise.all(
      (await this.codes(count)).map((body) =>
        mustCall<Tokens>(this.port, 'POST', '/oauth/token', headers, body),
      ),
    );
  }
}

const refreshTokens = (tokens: readonly Tokens[]) => tokens.map((one) => one.refresh_token);
