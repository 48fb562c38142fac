import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { type DocumentAuthMethod, documentAuthMethods } from './auth-methods.js';
import { ClientDocumentError } from './client-document-error.js';
import { parsePublicKeys } from './public-keys.js';

/** What a client that nobody registered may use: never to act for itself. Others that it lists are passed over. */
const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;

/** A client metadata document as we understood it; what was not given is left out. */
export interface ClientDocument {
  readonly client_id: string;
  readonly redirect_uris: readonly string[];
  /** The method that the client prefers. */
  readonly token_endpoint_auth_method: DocumentAuthMethod;
  /** All the methods that it may come with. */
  readonly token_endpoint_auth_methods: readonly DocumentAuthMethod[];
  readonly grant_types: readonly (typeof GRANT_TYPES)[number][];
  readonly response_types: readonly string[];
  readonly client_name?: string | undefined;
  readonly client_uri?: string | undefined;
  readonly logo_uri?: string | undefined;
  readonly tos_uri?: string | undefined;
  readonly policy_uri?: string | undefined;
  /** What it means to ask for. No ceiling: step-up must stay possible. */
  readonly scope?: string | undefined;
  readonly application_type?: 'web' | 'native' | undefined;
  readonly jwks?: JSONWebKeySet | undefined;
  readonly jwks_uri?: string | undefined;
}

export interface DocumentRules {
  /** Why a redirect URI is not allowed; undefined when it is. */
  readonly redirectUriProblem: (uri: string) => string | undefined;
  readonly allowLoopback?: boolean;
}

// Controls, invisible characters and those that turn the direction of text would let a name pretend to be another. The two
// joiners stay: several scripts cannot be written without them.
const DECEPTIVE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** An empty value equals an omitted one (spec S16), and clients do send `null` and `""`. */
const given = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional());
const name = z
  .string()
  .trim()
  .max(200)
  .refine((value) => !DECEPTIVE.test(value), 'has a control or invisible character');
const printable = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[\x20-\x7e]+$/, 'has a character that is not printable ASCII');
const webPage = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2048)
  .regex(/^[\x21-\x7e]+$/, 'has a character that no URL may have');
const words = z.array(printable(200)).max(30);

const Document = z.object({
  redirect_uris: z
    .array(z.string().max(2048), 'must be a list of URIs')
    .min(1, 'must have at least one URI')
    .max(50),
  token_endpoint_auth_method: given(printable(100)),
  token_endpoint_auth_methods_supported: given(words),
  grant_types: given(words),
  response_types: given(words),
  client_name: given(name),
  client_uri: given(webPage),
  logo_uri: given(webPage),
  tos_uri: given(webPage),
  policy_uri: given(webPage),
  scope: given(printable(4096)),
  application_type: given(z.enum(['web', 'native'])).catch(undefined),
  jwks: given(z.unknown()),
  jwks_uri: given(webPage),
});

const invalid = (problem: string, cause?: unknown) => new ClientDocumentError('invalid', problem, { cause });

/** What no document may hold, for everybody can read it; and that it is about this URL and no other (spec S21, S22). */
function checkIdentity(url: string, body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('It is not a JSON object.');
  const { client_id: clientId } = body as { client_id?: unknown };
  // Compared as strings (RFC 3986 section 6.2.1): a document elsewhere cannot speak for this client.
  if (clientId !== url) {
    const found = clientId === undefined ? 'missing' : JSON.stringify(clientId).slice(0, 300);
    throw invalid(`client_id: it is ${found}, but must be exactly ${JSON.stringify(url)}.`);
  }
  for (const secret of ['client_secret', 'client_secret_expires_at'])
    if (Object.hasOwn(body, secret))
      throw invalid(`${secret}: a public document cannot hold a secret. Remove it.`);
}

function keysOf(jwks: unknown, jwksUri: string | undefined, allowLoopback: boolean) {
  if (jwks !== undefined && jwksUri !== undefined)
    throw invalid('jwks and jwks_uri: keep one (RFC 7591 section 2).');
  if (jwksUri !== undefined) {
    const { protocol, username, password } = new URL(jwksUri);
    if (protocol !== 'https:' && !(allowLoopback && protocol === 'http:'))
      throw invalid('jwks_uri: it is not an https URL.');
    if (username !== '' || password !== '') throw invalid('jwks_uri: it carries a user name or password.');
    return { jwks_uri: jwksUri };
  }
  if (jwks === undefined) return {};
  try {
    return { jwks: parsePublicKeys(jwks) };
  } catch (error) {
    throw error instanceof ClientDocumentError ? invalid(`jwks: it ${error.message}`, error) : error;
  }
}

/**
 * Reads the document that was fetched from `url` (spec S21, S22; draft section 4). Unknown members are ignored.
 *
 * @throws ClientDocumentError `invalid`, with the first rule that the document breaks
 */
export function parseClientDocument(url: string, body: unknown, rules: DocumentRules): ClientDocument {
  checkIdentity(url, body);
  const parsed = Document.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(`${issue?.path.join('.') ?? 'It'}: ${issue?.message ?? 'is not valid'}.`);
  }
  const {
    redirect_uris,
    token_endpoint_auth_method,
    token_endpoint_auth_methods_supported,
    grant_types = ['authorization_code', 'refresh_token'],
    response_types = ['code'],
    jwks,
    jwks_uri,
    ...rest
  } = parsed.data;
  for (const uri of redirect_uris) {
    const problem = rules.redirectUriProblem(uri);
    if (problem) throw invalid(`redirect_uris: ${JSON.stringify(uri)} ${problem}.`);
  }
  const keys = keysOf(jwks, jwks_uri, rules.allowLoopback ?? false);
  return {
    client_id: url,
    redirect_uris: [...new Set(redirect_uris)],
    ...documentAuthMethods(
      token_endpoint_auth_method,
      token_endpoint_auth_methods_supported,
      'jwks' in keys || 'jwks_uri' in keys,
    ),
    // Who can be redirected wants the code flow, whatever else it lists.
    grant_types: GRANT_TYPES.filter((type) => type === 'authorization_code' || grant_types.includes(type)),
    response_types,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    ...keys,
  };
}
