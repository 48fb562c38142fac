import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Outbound } from '../../src/outbound/outbound.js';
import { selfSigned } from './self-signed.js';
import { json, type LocalServer, serve } from './servers.js';

const certificate = selfSigned('documents.test');
const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
const LIMITS = { maxBytes: 1000 };
let server: LocalServer;
beforeAll(async () => {
  server = await serve(json({ secure: true }), certificate);
});
afterAll(() => server.stop());

test('the certificate must be for the host name, not for the address', async () => {
  const outbound = new Outbound({ allowLoopback: true, lookup, ca: certificate.cert });
  const { body } = await outbound.fetchJson(`https://documents.test:${server.port}/x`, LIMITS);
  expect(body).toEqual({ secure: true });
  for (const host of ['other.test', '127.0.0.1'])
    await expect(outbound.fetchJson(`https://${host}:${server.port}/x`, LIMITS)).rejects.toMatchObject({
      reason: 'tls',
      message: `https://${host}:${server.port}/x has no valid TLS certificate for its host name (ERR_TLS_CERT_ALTNAME_INVALID).`,
    });
  expect(server.count).toBe(1);
});

test('a certificate of nobody we trust is refused', async () => {
  const outbound = new Outbound({ allowLoopback: true, lookup });
  await expect(outbound.fetchJson(`https://documents.test:${server.port}/x`, LIMITS)).rejects.toMatchObject({
    reason: 'tls',
  });
});

test('a server that speaks no TLS is refused', async () => {
  const plain = await serve(json({}));
  const outbound = new Outbound({ allowLoopback: true });
  await expect(outbound.fetchJson(`https://127.0.0.1:${plain.port}/x`, LIMITS)).rejects.toMatchObject({
    reason: 'tls',
  });
  await plain.stop();
});
