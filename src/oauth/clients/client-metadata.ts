import { z } from 'zod';
import { OAuthError } from '../../errors/oauth-error.js';
import { AUTH_METHODS, type AuthMethod, type ClientMetadata, GRANT_TYPES, type GrantType } from './client.js';
import { redirectKind, redirectUriProblem } from './redirect-uri.js';

/** What a stranger may register for: never to act for itself. */
const OPEN_GRANT_TYPES: readonly GrantType[] = GRANT_TYPES.filter(
  (type) => type !== 'client_credentials' && !type.endsWith(':token-exchange'),
);

/** An empty value equals an omitted one (spec S16), and clients do send `null` and `""`. */
const given = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional());
// Controls and the characters that turn the direction of text would let a name pretend to be another.
// eslint-disable-next-line no-control-regex
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const words = (longest: number) =>
  given(
    z
      .string()
      .trim()
      .max(longest)
      .refine((value) => !DECEPTIVE.test(value), 'has a control character'),
  );
const webPage = given(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2048));
const PublicKeys = z.object({
  keys: z
    .array(
      z
        .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) })
        .refine((key) => !('d' in key) && !('k' in key), 'must hold public keys only'),
    )
    .min(1)
    .max(20),
});

const Registration = z.object({
  redirect_uris: given(z.array(z.string()).max(50)),
  token_endpoint_auth_method: given(z.string()),
  grant_types: given(z.array(z.string()).max(20)),
  response_types: given(z.array(z.string()).max(20)),
  client_name: words(200),
  client_uri: webPage,
  logo_uri: webPage,
  tos_uri: webPage,
  policy_uri: webPage,
  contacts: given(z.array(z.string().max(320)).max(10)),
  scope: words(4096),
  application_type: given(z.enum(['web', 'native'])),
  jwks: given(PublicKeys),
  jwks_uri: given(z.url({ protocol: /^https$/, error: 'must be an https URL' }).max(2048)),
  software_id: words(200),
  software_version: words(100),
});

/** In JSON text: NUL or half a character, which no text or jsonb of Postgres can hold. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

const refuse = (description: string) => new OAuthError('invalid_client_metadata', description);

function authMethodOf(asked: string | undefined): AuthMethod {
  // RFC 7591 section 2: client_secret_basic when left out.
  const method = AUTH_METHODS.find((known) => known === (asked ?? 'client_secret_basic'));
  if (!method)
    throw refuse(
      `token_endpoint_auth_method: ${String(asked)} is not offered. Use one of ${AUTH_METHODS.join(', ')}.`,
    );
  return method;
}

/**
 * Reads a registration (RFC 7591 section 2), leniently where clients are known to be loose: unknown members and grant
 * types are dropped, `null` and `""` count as left out.
 *
 * @throws OAuthError `invalid_client_metadata`, `invalid_redirect_uri`
 */
export function parseClientMetadata(body: unknown, allowed = OPEN_GRANT_TYPES): ClientMetadata {
  const parsed = Registration.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(`${issue?.path.join('.') ?? 'the body'}: ${issue?.message ?? 'is not valid'}`);
  }
  if (UNSTORABLE.test(JSON.stringify(parsed.data)))
    throw refuse('The metadata has a NUL character or half of a surrogate pair.');
  const {
    redirect_uris = [],
    token_endpoint_auth_method,
    grant_types,
    response_types,
    ...rest
  } = parsed.data;
  const asked = grant_types?.length ? grant_types : ['authorization_code', 'refresh_token'];
  const grantTypes = allowed.filter((type) => asked.includes(type));
  // Who can be redirected wants the code flow, whatever else it listed.
  if (redirect_uris.length > 0 && !grantTypes.includes('authorization_code'))
    grantTypes.unshift('authorization_code');
  if (grantTypes.length === 0) throw refuse(`grant_types: none of these is offered to this client.`);
  if (grantTypes.includes('authorization_code') && redirect_uris.length === 0)
    throw new OAuthError('invalid_redirect_uri', 'redirect_uris: at least one is needed.');
  for (const uri of redirect_uris) {
    const problem = redirectUriProblem(uri);
    if (problem)
      throw new OAuthError('invalid_redirect_uri', `redirect_uris: ${JSON.stringify(uri)} ${problem}.`);
  }
  if (response_types?.length && !response_types.includes('code'))
    throw refuse('response_types: only code is offered (OAuth 2.1).');
  const method = authMethodOf(token_endpoint_auth_method);
  if (rest.jwks && rest.jwks_uri) throw refuse('jwks and jwks_uri: keep one (RFC 7591 section 2).');
  if (method === 'private_key_jwt' && !rest.jwks && !rest.jwks_uri)
    throw refuse('private_key_jwt needs jwks or jwks_uri.');
  const native = redirect_uris.length > 0 && redirect_uris.every((uri) => redirectKind(uri) !== 'web');
  const { application_type = native ? 'native' : undefined, ...others } = rest;
  return {
    ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)),
    ...(application_type && { application_type }),
    redirect_uris: [...new Set(redirect_uris)],
    token_endpoint_auth_method: method,
    grant_types: grantTypes,
    response_types: grantTypes.includes('authorization_code') ? ['code'] : [],
  };
}
