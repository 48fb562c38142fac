import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { ClientDocumentError } from './client-document-error.js';

/** RFC 7518 section 6: what only the owner of a key may know. */
const PRIVATE_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const KNOWN_TYPES = ['RSA', 'EC', 'OKP'];
const MOST_KEYS = 50;

const word = z.string().regex(/^[\x20-\x7e]{1,512}$/);
const number = z.string().regex(/^[A-Za-z0-9_-]{1,2000}$/);
/** The members that verifying needs; the rest, certificates above all, is not kept. */
const PublicKey = z.object({
  kty: z.enum(KNOWN_TYPES),
  kid: word.optional(),
  use: word.optional(),
  key_ops: z.array(word).max(10).optional(),
  alg: word.optional(),
  crv: word.optional(),
  n: number.optional(),
  e: number.optional(),
  x: number.optional(),
  y: number.optional(),
});
const AnyKey = z.record(z.string(), z.unknown());

/**
 * A client's JWK Set with the public keys that we can use (RFC 7517 section 5: unknown key types are passed over).
 *
 * @throws ClientDocumentError `invalid` when it is none, or when it gives away a private or shared key (spec S22)
 */
export function parsePublicKeys(value: unknown): JSONWebKeySet {
  const invalid = (problem: string) => new ClientDocumentError('invalid', problem);
  const set = z.object({ keys: z.array(AnyKey).min(1).max(MOST_KEYS) }).safeParse(value);
  if (!set.success)
    throw invalid(`must be a JWK Set: {"keys": [...]} with 1 to ${MOST_KEYS} keys (RFC 7517).`);
  const secret = set.data.keys.find(
    (key) => key['kty'] === 'oct' || PRIVATE_PARTS.some((part) => Object.hasOwn(key, part)),
  );
  if (secret)
    throw invalid('holds a private or shared key. Replace that key now, and publish public keys only.');
  const keys = set.data.keys.filter(({ kty }) => KNOWN_TYPES.includes(kty as string));
  const parsed = z
    .array(PublicKey)
    .min(1, `no key has the type ${KNOWN_TYPES.join(', ')}`)
    .safeParse(keys);
  if (parsed.success) return { keys: parsed.data } as JSONWebKeySet;
  const [issue] = parsed.error.issues;
  throw invalid(`is not valid at keys/${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'unknown'}.`);
}
