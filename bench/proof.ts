import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Refusal, Server, Trial } from './contenders/contender.js';
import { call } from './contenders/requests.js';
import type { Operation } from './operations.js';

interface ToolAnswer {
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: { readonly scopes?: unknown };
  };
}

/** Streamable HTTP may answer with one event. */
const json = (text: string): unknown =>
  JSON.parse(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? ''));

/** Before a figure counts: what must be refused is refused, and a good answer is right. */
export async function prove(server: Server, operation: Operation, trial: Trial): Promise<void> {
  for (const port of server.ports)
    for (const refusal of trial.refusals) await mustRefuse(port, trial, refusal);
  const { load, sample = load.bodies?.[0], check } = trial;
  const headers = { ...load.headers, ...load.credentials?.[0] };
  const { status, text } = await call(server.ports[0], load.method, load.path, headers, sample);
  if (status !== load.expect.status || !text.includes(load.expect.contains))
    throw new Error(`answered ${status}: ${text.slice(0, 300)}`);
  const answer = json(text);
  if (check) check(answer);
  else await mustBeRight(server, operation, answer);
}

async function mustRefuse(port: number, { load }: Trial, refusal: Refusal): Promise<void> {
  const merged = { ...load.headers, ...load.credentials?.[0], ...refusal.headers };
  const headers = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
  const body = refusal.body ?? load.bodies?.[0];
  const { status, text } = await call(port, load.method, load.path, headers, body);
  if (!refusal.statuses.includes(status) || !text.includes(refusal.contains ?? ''))
    throw new Error(`${refusal.why} was not refused: ${status} ${text.slice(0, 300)}`);
}

async function mustBeRight(server: Server, operation: Operation, answer: unknown): Promise<void> {
  switch (operation) {
    case 'tool-jwt':
    case 'tool-key': {
      const { result } = answer as ToolAnswer;
      if (!result?.structuredContent || result.isError === true) throw new Error('the tool did not answer');
      return;
    }
    case 'introspection':
    case 'introspection-refresh': {
      const { active, client_id, exp } = answer as Record<string, unknown>;
      if (active !== true || typeof client_id !== 'string' || typeof exp !== 'number')
        throw new Error('the introspection says too little');
      return;
    }
    case 'register':
      return;
    case 'jwks': {
      const { keys } = answer as { keys: { kty?: string; d?: string }[] };
      if (keys.length === 0 || keys.some((key) => key.kty === undefined || key.d !== undefined))
        throw new Error('no public keys');
      return;
    }
    case 'client-credentials':
      return mustBeToken(server, answer, false);
    case 'refresh':
    case 'refresh-grant':
    case 'code':
    case 'login':
      return mustBeToken(server, answer, true);
  }
}

async function mustBeToken(server: Server, answer: unknown, refreshable: boolean): Promise<void> {
  const { access_token, expires_in, refresh_token } = answer as Record<string, unknown>;
  if (typeof expires_in !== 'number' || (refreshable && typeof refresh_token !== 'string'))
    throw new Error('the answer is no token response');
  const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${server.ports[0]}${server.jwksPath}`));
  await jwtVerify(String(access_token), keys, {
    issuer: server.issuer,
    requiredClaims: ['exp', 'sub', 'aud'],
  });
}
