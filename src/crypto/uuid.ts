import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
/** Random bytes are drawn for many at once: one draw for each id costs more than all the rest of making it. */
const pool = Buffer.alloc(BYTES * 256);
let used = pool.length;
let lastAt = 0;
let sequence = 0;

function randomBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return pool.subarray(used - BYTES, used);
}

/** A UUID of version 7 (RFC 9562 section 5.7): of two made by this process, the later is the greater. */
export function uuidv7(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > lastAt) {
    lastAt = now;
    // Half of the 32 bits, so that there is room to count up within a millisecond.
    sequence = random.readUInt32BE(0) >>> 1;
  } else {
    sequence += 1;
  }
  return v7({ random, msecs: lastAt, seq: sequence });
}

/** The 16 bytes of a UUID as text. */
export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** The UUID that the first 16 bytes are, whatever they are. */
export function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, BYTES);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
