import { createHash, randomBytes } from 'node:crypto';
import { CHAIN_SLOT } from '../load/load.js';
import type { Extent, Refusal, Trial } from './contender.js';
import { basic, bearer, form, formPost, get, jsonPost, refreshGrantBody, toolCall } from './requests.js';

/* The same requests for everyone, in every byte that matters. */

export const PASSWORD = 'violet-Kettle-9-marmalade-orbit';
export const REDIRECT = 'http://127.0.0.1/callback';
const VERIFIER = 'v'.repeat(43);
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
export const ACCOUNTS = 64;
export const email = (index: number) => `bench-${index}@example.com`;
export const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

export interface Agent {
  readonly client_id: string;
  readonly client_secret: string;
}
export const asAgent = (agent: Agent) => basic(agent.client_id, agent.client_secret);
const wrongSecret = (agent: Agent): Refusal => ({
  why: 'a wrong secret',
  headers: basic(agent.client_id, 'wrong'),
  statuses: [401],
});
const UNKNOWN_REFRESH = `tgr_${'A'.repeat(64)}`;

/** A token as it should be, with another signature. */
const forged = (tokens: readonly string[]) => `${tokens[0]?.slice(0, -8) ?? ''}AAAAAAAA`;

export function toolTrial(tokens: readonly string[]): Trial {
  return {
    load: toolCall('/mcp', tokens.map(bearer)),
    refusals: [
      { why: 'no credential', headers: { Authorization: '' }, statuses: [401] },
      { why: 'another signature', headers: bearer(forged(tokens)), statuses: [401] },
    ],
  };
}

export function refreshTrial(path: string, tokens: readonly string[], refusedWith: number): Trial {
  const [sample = '', ...chains] = tokens;
  const body = (token: string) => JSON.stringify({ refresh_token: token });
  const load = jsonPost(path, [body(CHAIN_SLOT)], 200, '"access_token"');
  const why = 'a refresh token nobody issued';
  return {
    load: { ...load, chains },
    sample: body(sample),
    refusals: [{ why, body: body(UNKNOWN_REFRESH), statuses: [refusedWith] }],
  };
}

export function refreshGrantTrial(path: string, clientId: string, tokens: readonly string[]): Trial {
  const [sample = '', ...chains] = tokens;
  const body = (token: string) => refreshGrantBody(clientId, token);
  const why = 'a refresh token nobody issued';
  return {
    load: { ...formPost(path, [body(CHAIN_SLOT)]), chains },
    sample: body(sample),
    refusals: [{ why, body: body(UNKNOWN_REFRESH), statuses: [400] }],
  };
}

export function clientCredentialsTrial(path: string, agent: Agent, more: Record<string, string> = {}): Trial {
  const load = formPost(path, [form({ grant_type: 'client_credentials', ...more })]);
  return { load: { ...load, credentials: [asAgent(agent)] }, refusals: [wrongSecret(agent)] };
}

export function codeBody(clientId: string, code: string): string {
  const fields = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT };
  return form({ ...fields, code, code_verifier: VERIFIER });
}

export function codeTrial(path: string, clientId: string, codes: readonly string[]): Trial {
  const [sample = '', ...bodies] = codes.map((code) => codeBody(clientId, code));
  const unknown = codeBody(clientId, 'never-issued');
  return {
    load: { ...formPost(path, bodies), once: true },
    sample,
    refusals: [{ why: 'a code nobody issued', body: unknown, statuses: [400] }],
  };
}

/** `dead` is a token of the kind that is introspected. */
function introspections(path: string, agent: Agent, tokens: readonly string[], dead: string): Trial {
  const bodies = tokens.map((token) => form({ token }));
  const why = 'a token nobody issued';
  return {
    load: { ...formPost(path, bodies, '"active":true'), credentials: [asAgent(agent)] },
    refusals: [
      wrongSecret(agent),
      { why, body: form({ token: dead }), statuses: [200], contains: '"active":false' },
    ],
  };
}

/** Of JWTs. */
export const introspectionTrial = (path: string, agent: Agent, tokens: readonly string[]) =>
  introspections(path, agent, tokens, forged(tokens));
/** Of tokens that mean nothing to anybody but the server. */
export const opaqueIntrospectionTrial = (path: string, agent: Agent, tokens: readonly string[]) =>
  introspections(path, agent, tokens, UNKNOWN_REFRESH);

export const credentialsBody = (index: number, password = PASSWORD) =>
  JSON.stringify({ email: email(index), password });

export function loginTrial(path: string, contains = '"access_token"'): Trial {
  const why = 'a wrong password';
  return {
    load: jsonPost(path, times(ACCOUNTS, credentialsBody), 200, contains),
    refusals: [{ why, body: credentialsBody(2, 'wrong'), statuses: [401] }],
  };
}

interface Registering {
  readonly body?: (address: string) => object;
  readonly status?: number;
  /** What the address of an account that is there already is answered with. */
  readonly taken?: number;
}

export function registerTrial(
  path: string,
  { seconds, connections }: Extent,
  { body = (address) => ({ email: address, password: PASSWORD }), status = 201, taken = 409 }: Registering,
): Trial {
  const run = randomBytes(4).toString('hex');
  const text = (address: string) => JSON.stringify(body(address));
  const count = Math.ceil(seconds * 400) + connections;
  const bodies = times(count, (index) => text(`${run}-${index}@example.com`));
  const why = 'an account that is there already';
  return {
    load: { ...jsonPost(path, bodies, status, '"user"'), once: true },
    sample: text(`${run}-sample@example.com`),
    refusals: [{ why, body: text(email(0)), statuses: [taken] }],
  };
}

export const jwksTrial = (path: string): Trial => ({ load: get(path, '"keys"'), refusals: [] });
