import { expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { startTestService } from '../support/harness.js';

test.each(['ES256', 'EdDSA', 'RS256'])(
  '%s: tokens verify here and by the published keys, and nothing else in the header passes',
  async (algorithm) => {
    const service = await startTestService({ env: { SIGNING_ALGORITHM: algorithm } });
    try {
      const { accessToken } = await service.person();
      const me = async (bearer: string) => (await service.call('GET', '/auth/me', { bearer })).status;
      expect(await me(accessToken)).toBe(200);
      const jwks = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
      const { payload, protectedHeader } = await jwtVerify(accessToken, jwks, { typ: 'at+jwt' });
      expect(protectedHeader.alg).toBe(algorithm);

      // Signed by the genuine key: only the header differs from what the service writes.
      const { kid, key } = service.app.get(KeyRing).signingKey();
      const genuine = { alg: algorithm, typ: 'at+jwt', kid };
      const sign = (header: { alg: string }) => new SignJWT(payload).setProtectedHeader(header).sign(key);
      expect(await me(await sign(genuine))).toBe(200);
      for (const header of [
        { alg: algorithm, kid, typ: 'at+jwt' },
        { ...genuine, typ: 'application/at+jwt' },
        { ...genuine, typ: 'AT+JWT' },
        { ...genuine, jku: 'https://evil.example/jwks.json' },
        { ...genuine, b64: true },
        { ...genuine, kid: `${kid}.` },
      ])
        expect([header, await me(await sign(header))]).toEqual([header, 401]);
      // The signature still holds where the token was seen before: what surrounds it must not.
      expect(await me(`${accessToken}.`)).toBe(401);
      expect(await me(` ${accessToken}`.trimEnd() + '=')).toBe(401);
    } finally {
      await service.stop();
    }
  },
);

test('a token verified before is refused once it has expired', async () => {
  const service = await startTestService();
  try {
    const { accessToken } = await service.person();
    const userinfo = async () =>
      (await service.call('GET', '/oauth/userinfo', { bearer: accessToken })).body.error as string;
    // Known to be genuine, but without `openid`.
    expect(await userinfo()).toBe('insufficient_scope');
    expect(await userinfo()).toBe('insufficient_scope');
    service.clock.advance(901);
    expect(await userinfo()).toBe('invalid_token');
  } finally {
    await service.stop();
  }
});
