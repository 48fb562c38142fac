import type { UpstreamProvider } from '../config/upstream-providers.js';
import type { UpstreamPerson } from '../users/upstream-identities.repository.js';
import { described, githubDescribed } from './claims.js';
import type { Endpoints, Oidc } from './discovery.js';
import { verifyIdToken } from './id-token.js';
import { providerFetch } from './provider-fetch.js';
import { refused } from './upstream-error.js';

/** What the token endpoint gave for the code. */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly idToken: unknown;
}

type Claims = Record<string, unknown>;

async function resource(url: string, accessToken: string): Promise<unknown> {
  const { status, body } = await providerFetch(url, { headers: { Authorization: `Bearer ${accessToken}` } });
  if (status === 200 && typeof body === 'object' && body !== null) return body;
  throw refused(`${new URL(url).pathname} answers ${status}, or not in JSON`);
}

async function fromIdToken(
  provider: UpstreamProvider,
  oidc: Oidc,
  userinfoUrl: string | undefined,
  tokens: ProviderTokens,
  expected: { nonce: string; now: Date },
): Promise<UpstreamPerson> {
  const { clientId, id, preset } = provider;
  const { claims, subject } = await verifyIdToken(tokens.idToken, oidc, { ...expected, clientId });
  let all: Claims = claims;
  if (claims['email'] === undefined && userinfoUrl !== undefined) {
    const userinfo = (await resource(userinfoUrl, tokens.accessToken)) as Claims;
    // OpenID Connect Core section 5.3.2: or someone else's access token was slipped in.
    if (userinfo['sub'] !== claims.sub) throw refused('userinfo is about another subject than the id_token');
    all = { ...userinfo, ...claims };
  }
  return { provider: id, subject, ...described(all, preset === 'microsoft') };
}

function subjectOf(claims: Claims): string {
  const value = claims['sub'] ?? claims['id'];
  if (typeof value === 'string' && value !== '' && value.length <= 500) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw refused('userinfo names nobody: it has neither sub nor id');
}

/** @throws UpstreamError when the provider's word does not hold */
export async function identify(
  provider: UpstreamProvider,
  { oidc, userinfoUrl = '' }: Endpoints,
  tokens: ProviderTokens,
  expected: { nonce: string; now: Date },
): Promise<UpstreamPerson> {
  if (oidc) return fromIdToken(provider, oidc, userinfoUrl || undefined, tokens, expected);
  const user = (await resource(userinfoUrl, tokens.accessToken)) as Claims;
  const person = { provider: provider.id, subject: subjectOf(user) };
  if (provider.preset !== 'github') return { ...person, ...described(user) };
  return { ...person, ...githubDescribed(user, await resource(`${userinfoUrl}/emails`, tokens.accessToken)) };
}
