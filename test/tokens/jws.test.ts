import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { importJWK, jwtVerify } from 'jose';
import {
  type Algorithm,
  headerSegment,
  segmentsOf,
  signCompact,
  suits,
  verifiedClaims,
} from '../../src/tokens/jws.js';

const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PAIRS: Record<Algorithm, { privateKey: KeyObject; publicKey: KeyObject }> = {
  ES256: P256,
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const ALGORITHMS = Object.keys(PAIRS) as Algorithm[];
const CLAIMS = { sub: 'ada', note: 'žluťoučký 🐎' };

const header = (algorithm: Algorithm) => headerSegment({ algorithm, kid: 'k1' }, 'at+jwt');
const signed = (algorithm: Algorithm, claims: object = CLAIMS) =>
  signCompact(header(algorithm), claims, { algorithm, key: PAIRS[algorithm].privateKey });
const claimsOf = (token: string, algorithm: Algorithm, key = PAIRS[algorithm].publicKey) => {
  const segments = segmentsOf(token);
  return segments && verifiedClaims(segments, { algorithm, key });
};
/** A token of these very bytes with a signature that holds. */
function bySegments(payload: Buffer | string, head = header('ES256')): string {
  const input = `${head}.${typeof payload === 'string' ? payload : payload.toString('base64url')}`;
  const key = { key: P256.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

describe.each(ALGORITHMS)('%s', (algorithm) => {
  test('what is signed here verifies here and with jose, and says the same', async () => {
    const token = await signed(algorithm);
    expect(claimsOf(token, algorithm)).toEqual(CLAIMS);
    const key = await importJWK(PAIRS[algorithm].publicKey.export({ format: 'jwk' }), algorithm);
    const { payload, protectedHeader } = await jwtVerify(token, key, { algorithms: [algorithm] });
    expect(payload).toEqual(CLAIMS);
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: 'k1' });
  });

  test('another key of the same kind, a changed payload or a changed header does not verify', async () => {
    const token = await signed(algorithm);
    const [head = '', body = '', signature = ''] = token.split('.');
    const other = {
      ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      EdDSA: () => generateKeyPairSync('ed25519'),
      RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    }[algorithm]();
    expect(claimsOf(token, algorithm, other.publicKey)).toBeUndefined();
    const changed = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'eve' })).toString('base64url');
    expect(claimsOf(`${head}.${changed}.${signature}`, algorithm)).toBeUndefined();
    expect(claimsOf(`${head}A.${body}.${signature}`, algorithm)).toBeUndefined();
    for (const bad of [
      '',
      'AAAA',
      signature.slice(0, -4),
      `${signature}AAAA`,
      `${signature}=`,
      `${signature} `,
    ])
      expect(claimsOf(`${head}.${body}.${bad}`, algorithm)).toBeUndefined();
  });
});

test('an ECDSA signature in the other encoding (DER) is none', () => {
  const input = `${header('ES256')}.${Buffer.from('{}').toString('base64url')}`;
  const der = sign('sha256', Buffer.from(input), P256.privateKey).toString('base64url');
  expect(claimsOf(`${input}.${der}`, 'ES256')).toBeUndefined();
});

test('a signature of zeros is none', () => {
  const input = `${header('ES256')}.${Buffer.from('{}').toString('base64url')}`;
  expect(claimsOf(`${input}.${Buffer.alloc(64).toString('base64url')}`, 'ES256')).toBeUndefined();
});

test('each byte string has one spelling: what base64url leaves over must be zero', async () => {
  const token = await signed('ES256');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) ?? '');
  // 64 bytes end in a character of which two bits count.
  const respelled = token.slice(0, -1) + (alphabet[last + 1] ?? '');
  expect(Buffer.from(respelled.split('.')[2] ?? '', 'base64url')).toEqual(
    Buffer.from(token.split('.')[2] ?? '', 'base64url'),
  );
  expect(claimsOf(respelled, 'ES256')).toBeUndefined();
  expect(claimsOf(bySegments('e30='), 'ES256')).toBeUndefined();
  expect(claimsOf(bySegments('e31'), 'ES256')).toBeUndefined();
  expect(claimsOf(bySegments('e30'), 'ES256')).toEqual({});
});

test.each(['[]', 'null', '"x"', '1', '{', '', '{}{}'])('signed claims that are %j are none', (text) => {
  expect(claimsOf(bySegments(Buffer.from(text)), 'ES256')).toBeUndefined();
});

test('signed claims that are not UTF-8 are none', () => {
  expect(claimsOf(bySegments(Buffer.from('{"a":"\xff"}', 'latin1')), 'ES256')).toBeUndefined();
});

test.each(['', 'a', 'a.b', 'a.b.c.d', 'a.b.c.', '....'])('%j has not three segments', (text) => {
  expect(segmentsOf(text)).toBeUndefined();
});

test('a key serves its own algorithm alone', () => {
  const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  for (const algorithm of ALGORITHMS)
    for (const other of ALGORITHMS)
      expect([algorithm, other, suits(algorithm, PAIRS[other].publicKey)]).toEqual([
        algorithm,
        other,
        algorithm === other,
      ]);
  expect(suits('ES256', P384)).toBe(false);
  expect(suits('RS256', short)).toBe(false);
  const copy = createPublicKey(createPrivateKey(P256.privateKey.export({ format: 'pem', type: 'pkcs8' })));
  expect(suits('ES256', copy)).toBe(true);
});
