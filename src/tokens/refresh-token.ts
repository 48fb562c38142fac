import { randomBytes } from 'node:crypto';
import { sha256 } from '../crypto/digest.js';
import { uuidBytes, uuidOf } from '../crypto/uuid.js';

/** The prefix lets secret scanners find a leaked one. */
const PREFIX = 'tgr_';
/** Base64url of three parts of 16 bytes each, 48 in all: no spelling but one. */
const SHAPE = /^tgr_[A-Za-z0-9_-]{64}$/;
const PART = 16;

/**
 * A refresh token is the id of its session, which is no secret (docs/adr/0025), 128 secret bits that all tokens of the session
 * share, its family (RFC 9700 section 4.14.2), and 128 of its own (docs/adr/0027).
 */
export const newRefreshToken = (sessionId: string): string =>
  tokenOf(uuidBytes(sessionId), randomBytes(PART), randomBytes(PART));

/** The token that comes after it in its family: its own bits are the first of `secret`. */
export function refreshTokenAfter(presented: string, secret: Buffer): string {
  const bytes = bytesOf(presented);
  return tokenOf(bytes.subarray(0, 2 * PART), secret.subarray(0, PART));
}

export const looksLikeRefreshToken = (text: string): boolean => SHAPE.test(text);

/** What the table knows a token by; for any text of the right shape, whether or not it was ever issued. */
export interface RefreshTokenKey {
  readonly sessionId: string;
  /** Digest of the bits that all tokens of the session share: who has these right has had one. */
  readonly family: Buffer;
  /** Digest of the whole token. */
  readonly digest: Buffer;
}

export function refreshTokenKey(token: string): RefreshTokenKey {
  const bytes = bytesOf(token);
  return {
    sessionId: uuidOf(bytes),
    family: sha256(bytes.subarray(PART, 2 * PART)),
    digest: sha256(token),
  };
}

const tokenOf = (...parts: Buffer[]) => PREFIX + Buffer.concat(parts).toString('base64url');
const bytesOf = (token: string) => Buffer.from(token.slice(PREFIX.length), 'base64url');
