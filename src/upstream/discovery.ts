import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { UpstreamProvider } from '../config/upstream-providers.js';
import { providerFetch } from './provider-fetch.js';
import { refused } from './upstream-error.js';

/** How to speak with a provider: from its settings, and for OpenID Connect from what it says of itself. */
export interface Endpoints {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly userinfoUrl: string | undefined;
  readonly authMethod: 'client_secret_basic' | 'client_secret_post';
  /** Undefined for a provider that is not OpenID Connect. */
  readonly oidc: Oidc | undefined;
}

export interface Oidc {
  /** `{tenantid}` in it stands for the tenant that a person is of (Microsoft). */
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
  /** It promised `iss` in each authorization response (RFC 9207). */
  readonly namesItself: boolean;
}

const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  userinfo_endpoint: z.string().optional(),
  jwks_uri: z.string(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
type Metadata = z.output<typeof Metadata>;

const TIMEOUT_MS = 5000;

/** OpenID Connect Discovery section 4.3: the same issuer to the byte, or the document is someone else's. */
function requireIssuer(provider: UpstreamProvider, configured: string, { issuer }: Metadata): void {
  const template = configured.replace(/\/(?:common|organizations)\//, '/{tenantid}/');
  if (issuer === configured || (provider.preset === 'microsoft' && issuer === template)) return;
  throw refused('the discovery document is of another issuer than the configured one');
}

/** What is said at https must not lead to http; plain loopback stays possible where the issuer itself is there. */
function requireSafe(configured: string, document: Metadata): void {
  const places = [
    document.authorization_endpoint,
    document.token_endpoint,
    document.jwks_uri,
    document.userinfo_endpoint,
  ];
  const loopback = configured.startsWith('http:') ? new URL(configured).hostname : undefined;
  const safe = (value: string) =>
    URL.canParse(value) &&
    (value.startsWith('https:') || (value.startsWith('http:') && new URL(value).hostname === loopback));
  if (!places.every((value) => value === undefined || safe(value)))
    throw refused('the discovery document names an endpoint that is not https');
}

function authMethodOf(provider: UpstreamProvider, offered: readonly string[] | undefined) {
  if (provider.authMethod) return provider.authMethod;
  // The default of both documents that define the list (RFC 8414 section 2, OpenID Connect Discovery section 3).
  const basic = offered === undefined || offered.includes('client_secret_basic');
  return basic ? 'client_secret_basic' : 'client_secret_post';
}

/** @throws UpstreamError when the provider cannot be reached, or its document is not its own */
export async function discover(provider: UpstreamProvider): Promise<Endpoints> {
  const { issuer, authorizationUrl = '', tokenUrl = '', userinfoUrl } = provider;
  if (issuer === undefined)
    return {
      authorizationUrl,
      tokenUrl,
      userinfoUrl,
      authMethod: authMethodOf(provider, undefined),
      oidc: undefined,
    };
  const { status, body } = await providerFetch(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  );
  const parsed = Metadata.safeParse(body);
  if (status !== 200 || !parsed.success)
    throw refused(`the discovery document cannot be read (status ${status})`);
  const document = parsed.data;
  requireIssuer(provider, issuer, document);
  requireSafe(issuer, document);
  return {
    authorizationUrl: provider.authorizationUrl ?? document.authorization_endpoint,
    tokenUrl: provider.tokenUrl ?? document.token_endpoint,
    userinfoUrl: userinfoUrl ?? document.userinfo_endpoint,
    authMethod: authMethodOf(provider, document.token_endpoint_auth_methods_supported),
    oidc: {
      issuer: document.issuer,
      keys: createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: TIMEOUT_MS }),
      namesItself: document.authorization_response_iss_parameter_supported ?? false,
    },
  };
}
