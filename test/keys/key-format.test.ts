import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { base62 } from '../../src/crypto/base62.js';
import { keyIdOf, keyPrefix, mintKey } from '../../src/keys/key-format.js';

const ID = '019aa5b1-7c00-7abc-8def-0123456789ab';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function withChecksum(body: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return body + base62(bytes, 6);
}

test('a key tells the id it was minted for', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const key = mintKey(id);
      expect(key).toMatch(/^tgk_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/);
      expect(key.startsWith(`${keyPrefix(id)}_`)).toBe(true);
      expect(keyIdOf(key)).toBe(id);
    }),
  );
});

test('two keys of one id share no secret', () => {
  expect(mintKey(ID)).not.toBe(mintKey(ID));
});

test('one changed character anywhere is refused without a query', () => {
  const key = mintKey(ID);
  for (let at = 0; at < key.length; at += 1) {
    for (const other of `${ALPHABET}_- `) {
      if (other === key[at]) continue;
      expect(keyIdOf(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
    }
  }
});

test('a key cut short, drawn out or wrapped in whitespace is refused', () => {
  const key = mintKey(ID);
  for (const text of ['', 'tgk_', key.slice(0, -1), `${key}0`, ` ${key}`, `${key}\n`, key.toUpperCase()]) {
    expect(keyIdOf(text)).toBeUndefined();
  }
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => keyIdOf(text) === undefined),
  );
});

test('a forged id under a right checksum is a uuid or refused, and never throws', () => {
  const secret = '0'.repeat(43);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const id = keyIdOf(withChecksum(`tgk_${base62(bytes, 22)}_${secret}`));
      expect([undefined, Buffer.from(bytes).toString('hex')]).toContain(id?.replaceAll('-', ''));
    }),
  );
  expect(keyIdOf(withChecksum(`tgk_${'z'.repeat(22)}_${secret}`))).toBeUndefined();
});
