import { isUtf8 } from 'node:buffer';
import { type KeyObject, sign, verify } from 'node:crypto';

export const ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A key, and the one algorithm that it is for (RFC 8725 section 3.1). */
export interface JwsKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** What is signed: `kind` is the header's `typ` (RFC 8725 section 3.11). */
export type JwsType = 'at+jwt' | 'JWT' | 'toolgate-guard+jwt';

/** How node:crypto is told each algorithm. JWS wants an ECDSA signature as two plain numbers (RFC 7518 section 3.4). */
const HOW = {
  ES256: { digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' }, type: 'ec' },
  EdDSA: { digest: null, options: {}, type: 'ed25519' },
  RS256: { digest: 'sha256', options: {}, type: 'rsa' },
} as const;

/** False for a key that the algorithm cannot work with: an RSA key shorter than RFC 7518 section 3.3 wants, or another curve. */
export function suits(algorithm: Algorithm, key: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== HOW[algorithm].type) return false;
  if (algorithm === 'ES256') return namedCurve === 'prime256v1';
  return algorithm !== 'RS256' || modulusLength >= 2048;
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** The first segment of all that `key` signs of this type: nothing in it differs from one token to the next. */
export const headerSegment = ({ algorithm, kid }: Omit<JwsKey, 'key'>, type: JwsType): string =>
  base64url(JSON.stringify({ alg: algorithm, typ: type, kid }));

/**
 * A compact JWS (RFC 7515 section 7.1). Signed on the event loop, where it takes less than the way to another thread and
 * back; RS256, ten times as costly, goes to libuv's (docs/adr/0011).
 */
export async function signCompact(header: string, claims: object, by: Omit<JwsKey, 'kid'>): Promise<string> {
  const input = `${header}.${base64url(JSON.stringify(claims))}`;
  const { digest, options } = HOW[by.algorithm];
  const key = { key: by.key, ...options };
  const signature =
    by.algorithm === 'RS256'
      ? await new Promise<Buffer>((resolve, reject) => {
          sign(digest, Buffer.from(input), key, (error, made) => {
            if (error) reject(error);
            else resolve(made);
          });
        })
      : sign(digest, Buffer.from(input), key);
  return `${input}.${signature.toString('base64url')}`;
}

/** The three segments of a compact JWS; undefined for anything else. */
export function segmentsOf(token: string): readonly [string, string, string] | undefined {
  const [header, payload, signature, more] = token.split('.', 4);
  if (header === undefined || payload === undefined || signature === undefined || more !== undefined)
    return undefined;
  return [header, payload, signature];
}

/** Buffer reads base64url generously: here each byte string has one spelling, or a token would have many. */
function strictBytes(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

/** The claims of a token that `key` signed, undefined when it did not or when they are no JSON object. */
export function verifiedClaims(
  [header, payload, signature]: readonly [string, string, string],
  by: Omit<JwsKey, 'kid'>,
): object | undefined {
  const { digest, options } = HOW[by.algorithm];
  const signed = strictBytes(signature);
  const claims = strictBytes(payload);
  if (!signed || !claims) return undefined;
  if (!verify(digest, Buffer.from(`${header}.${payload}`), { key: by.key, ...options }, signed))
    return undefined;
  return isUtf8(claims) ? parsedObject(claims.toString()) : undefined;
}

function parsedObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
