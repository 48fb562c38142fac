import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import pg from 'pg';
import * as sql from './sql.js';
import { type BareTokens, sha256 } from './tokens.js';

export interface Request {
  readonly authorization: string | undefined;
  readonly body: string;
}
/** Status and JSON text. */
export type Answer = readonly [number, string];

interface Grant {
  readonly id: string;
  readonly user_id: string;
  readonly client_id: string;
  readonly scope: string;
}

const ARGON = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const SCOPE = 'notes:read notes:write';
const CLIENT = 'bare';
const refused = (status: number, error: string): Answer => [status, `{"error":"${error}"}`];
const newToken = () => `tgr_${randomBytes(32).toString('base64url')}`;

function tokens(access: string, scope: string, refresh?: string): Answer {
  const answer = { access_token: access, token_type: 'Bearer', expires_in: 900, scope };
  return [200, JSON.stringify(refresh === undefined ? answer : { ...answer, refresh_token: refresh })];
}

/** RFC 6749 section 2.3.1, of ids and secrets that need no decoding. */
function basic(authorization = ''): [string, Buffer] {
  const [id = '', secret = ''] = Buffer.from(authorization.slice(6), 'base64').toString().split(':');
  return [id, sha256(secret)];
}

/** The necessary work of each operation: what must be asked of Postgres in one statement, what must be signed, verified or hashed. */
export class BareAnswers {
  constructor(
    private readonly pool: pg.Pool,
    private readonly keys: BareTokens,
  ) {}

  toolCall({ authorization = '', body }: Request): Answer {
    const claims = this.keys.verify(authorization.slice(7));
    if (!claims) return refused(401, 'invalid_token');
    const { id, method, params } = JSON.parse(body) as {
      id: number;
      method: string;
      params: { name: string };
    };
    if (method !== 'tools/call' || params.name !== 'whoami') return refused(400, 'invalid_request');
    const scopes = claims.scope.split(' ');
    if (!scopes.includes('notes:read')) return refused(403, 'insufficient_scope');
    const { sub, sid, client_id, aud: resource } = claims;
    const structuredContent = { kind: 'user', user_id: sub, session_id: sid, client_id, scopes, resource };
    const content = [{ type: 'text', text: JSON.stringify(structuredContent) }];
    return [200, JSON.stringify({ jsonrpc: '2.0', id, result: { content, structuredContent } })];
  }

  async refresh(presented: string): Promise<Answer> {
    const successor = newToken();
    const values = [sha256(presented), sha256(successor)];
    const grant = (await this.pool.query<Grant>({ ...sql.ROTATE, values })).rows[0];
    if (!grant) return refused(400, 'invalid_grant');
    const access = this.keys.issue(grant.user_id, grant.client_id, grant.id, grant.scope);
    return tokens(access, grant.scope, successor);
  }

  async token({ authorization, body }: Request): Promise<Answer> {
    const form = new URLSearchParams(body);
    switch (form.get('grant_type')) {
      case 'refresh_token':
        return this.refresh(form.get('refresh_token') ?? '');
      case 'authorization_code':
        return this.code(form);
      case 'client_credentials': {
        const [id, digest] = basic(authorization);
        const client = (await this.pool.query<{ scope: string }>({ ...sql.CLIENT, values: [id, digest] }))
          .rows[0];
        if (!client) return refused(401, 'invalid_client');
        return tokens(this.keys.issue(id, id, randomUUID(), client.scope), client.scope);
      }
      default:
        return refused(400, 'unsupported_grant_type');
    }
  }

  private async code(form: URLSearchParams): Promise<Answer> {
    const session = randomUUID();
    const refresh = newToken();
    const clientId = form.get('client_id') ?? '';
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const code = sha256(form.get('code') ?? '');
    const values = [code, clientId, form.get('redirect_uri'), challenge, session, sha256(refresh)];
    const grant = (await this.pool.query<Grant>({ ...sql.REDEEM, values })).rows[0];
    if (!grant) return refused(400, 'invalid_grant');
    return tokens(this.keys.issue(grant.user_id, clientId, session, grant.scope), grant.scope, refresh);
  }

  async introspect({ authorization, body }: Request): Promise<Answer> {
    const [id, digest] = basic(authorization);
    const token = new URLSearchParams(body).get('token') ?? '';
    if (token.startsWith('tgr_')) return this.introspectRefresh(id, digest, token);
    const claims = this.keys.verify(token);
    const values = [id, digest, claims?.sid ?? null];
    const client = (await this.pool.query<{ active: boolean }>({ ...sql.INTROSPECT, values })).rows[0];
    if (!client) return refused(401, 'invalid_client');
    if (!claims || !client.active) return [200, '{"active":false}'];
    const { sid: _, ...shown } = claims;
    return [200, JSON.stringify({ active: true, ...shown, token_type: 'Bearer' })];
  }

  private async introspectRefresh(id: string, digest: Buffer, token: string): Promise<Answer> {
    const values = [id, digest, sha256(token)];
    type Row = Grant & { active: boolean; exp: number; iat: number };
    const row = (await this.pool.query<Row>({ ...sql.INTROSPECT_REFRESH, values })).rows[0];
    if (!row) return refused(401, 'invalid_client');
    if (!row.active) return [200, '{"active":false}'];
    const { user_id: sub, client_id, scope, exp, iat } = row;
    return [
      200,
      JSON.stringify({ active: true, sub, client_id, scope, exp, iat, token_type: 'refresh_token' }),
    ];
  }

  async login({ body }: Request): Promise<Answer> {
    const { email, password } = JSON.parse(body) as { email: string; password: string };
    interface Row {
      id: string;
      password_hash: string;
    }
    const user = (await this.pool.query<Row>({ ...sql.USER, values: [email] })).rows[0];
    if (!user || !(await verify(user.password_hash, password))) return refused(401, 'invalid_login');
    const session = randomUUID();
    const refresh = newToken();
    await this.pool.query({ ...sql.OPEN_SESSION, values: [session, user.id, SCOPE, sha256(refresh)] });
    return tokens(this.keys.issue(user.id, CLIENT, session, SCOPE), SCOPE, refresh);
  }

  async register({ body }: Request): Promise<Answer> {
    const { email, password } = JSON.parse(body) as { email: string; password: string };
    const values = [email, await hash(password, ARGON)];
    const user = (await this.pool.query<{ id: string }>({ ...sql.REGISTER, values })).rows[0];
    return user
      ? [201, JSON.stringify({ user: { id: user.id, email, name: null } })]
      : refused(409, 'email_taken');
  }
}
