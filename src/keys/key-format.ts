import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { parse, validate } from 'uuid';
import { base62, fromBase62 } from '../crypto/base62.js';

const ID_BYTES = 16;
const ID_WIDTH = 22;
const SECRET_BYTES = 32;
const SECRET_WIDTH = 43;
const CHECKSUM_WIDTH = 6;
const SHAPE = /^tgk_([0-9A-Za-z]{22})_[0-9A-Za-z]{49}$/;

function checksum(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return base62(bytes, CHECKSUM_WIDTH);
}

/** The part of a key that is no secret: it names the key in lists and logs. */
export const keyPrefix = (keyId: string): string => `tgk_${base62(parse(keyId), ID_WIDTH)}`;

/**
 * `tgk_<id>_<secret><checksum>`: a prefix that secret scanners find, the id to look it up by, 256 random bits, and a
 * checksum so that a typo costs no query.
 */
export function mintKey(keyId: string): string {
  const body = `${keyPrefix(keyId)}_${base62(randomBytes(SECRET_BYTES), SECRET_WIDTH)}`;
  return body + checksum(body);
}

/** The id inside a well-formed key, undefined for anything else. Anyone can compute the checksum: the bytes may be any. */
export function keyIdOf(text: string): string | undefined {
  const id = SHAPE.exec(text)?.[1];
  if (id === undefined || checksum(text.slice(0, -CHECKSUM_WIDTH)) !== text.slice(-CHECKSUM_WIDTH))
    return undefined;
  const bytes = fromBase62(id, ID_BYTES);
  const uuid = bytes?.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return validate(uuid) ? uuid : undefined;
}
