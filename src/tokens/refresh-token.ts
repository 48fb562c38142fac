import { randomBytes } from 'node:crypto';
import { sha256 } from '../crypto/digest.js';
import { uuidBytes, uuidOf } from '../crypto/uuid.js';

/** The prefix lets secret scanners find a leaked one. */
const PREFIX = 'tgr_';
/** Base64url of the session's id and 256 secret bits, 48 bytes: no spelling but one. */
const SHAPE = /^tgr_[A-Za-z0-9_-]{64}$/;
const ID_BYTES = 16;

/**
 * A refresh token says whose it is, so that the rows of a session lie together in the index (docs/adr/0025). That is no
 * secret: the 256 bits after it are.
 */
export const newRefreshToken = (sessionId: string): string => tokenOf(uuidBytes(sessionId), randomBytes(32));

/** The token of the same session with other 256 bits. */
export const refreshTokenAfter = (presented: string, secret: Buffer): string =>
  tokenOf(bytesOf(presented).subarray(0, ID_BYTES), secret);

export const looksLikeRefreshToken = (text: string): boolean => SHAPE.test(text);

/** What the table knows a token by; for any text of the right shape, whether or not it was ever issued. */
export interface RefreshTokenKey {
  readonly sessionId: string;
  readonly digest: Buffer;
}

export const refreshTokenKey = (token: string): RefreshTokenKey => ({
  sessionId: uuidOf(bytesOf(token)),
  digest: sha256(token),
});

const tokenOf = (session: Buffer, secret: Buffer) =>
  PREFIX + Buffer.concat([session, secret]).toString('base64url');
const bytesOf = (token: string) => Buffer.from(token.slice(PREFIX.length), 'base64url');
