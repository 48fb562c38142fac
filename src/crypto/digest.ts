import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What is stored of a high-entropy secret: 128 random bits and more need no salt and no slow hash. */
export const sha256 = (secret: string | Buffer): Buffer => hash('sha256', secret, 'buffer');

/** `bytes` random bytes as base64url. */
export const randomToken = (bytes = 32): string => randomBytes(bytes).toString('base64url');

/** Compares two digests without telling where they differ. */
export const sameDigest = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
