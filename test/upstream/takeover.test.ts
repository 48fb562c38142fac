import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuthorizationRequest } from '../../src/oauth/authorize/authorization-request.js';
import { GrantsRepository } from '../../src/oauth/authorize/grants.repository.js';
import { DeviceCodesRepository } from '../../src/oauth/device/device-codes.repository.js';
import { BrowserLogins } from '../../src/tokens/browser-logins.js';
import { UpstreamIdentitiesRepository } from '../../src/users/upstream-identities.repository.js';
import { PASSWORD, type TestService } from '../support/harness.js';
import { pause, startTwoReplicas, type TwoReplicas } from '../support/two-replicas.js';

/** A takeover by the owner of an address (docs/adr/0005), while its squatter does on two replicas what they can. */
let replicas: TwoReplicas;
let one: TestService;
let two: TestService;
let sql: TwoReplicas['sql'];
beforeAll(async () => {
  replicas = await startTwoReplicas();
  ({ one, two, sql } = replicas);
});
afterAll(() => replicas.stop());

const refresh = (at: TestService, refresh_token: string) =>
  at.call('POST', '/auth/refresh', { body: { refresh_token } });
const owner = (email: string) => ({
  provider: 'idp',
  subject: `owner of ${email}`,
  email,
  emailVerified: true,
  name: null,
});
const takeOver = async (email: string) =>
  (await one.app.get(UpstreamIdentitiesRepository).settle(owner(email), ['mcp:write'], new Date())).outcome;
const leftOf = async (userId: string) =>
  (
    await sql.query<{ kind: string; id: string }>(
      `SELECT 'session' AS kind, id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL
       UNION ALL SELECT 'key', id FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL
       UNION ALL SELECT 'grant', id FROM grants WHERE user_id = $1 AND revoked_at IS NULL`,
      [userId],
    )
  ).rows;
const from = { address: '192.0.2.1', userAgent: undefined };

test('leaves no sign-in by the old password that was under way', async () => {
  for (let round = 0; round < 8; round += 1) {
    const squatter = await one.person();
    const login = one.call('POST', '/auth/login', { body: { email: squatter.email, password: PASSWORD } });
    await pause(round * 4);
    expect(await takeOver(squatter.email)).toBe('taken_over');
    const { body } = await login;
    if (body.refresh_token) expect((await refresh(one, body.refresh_token)).status).toBe(401);
    expect(await leftOf(squatter.id)).toEqual([]);
  }
});

test('leaves no sign-in through a provider that did not verify', async () => {
  for (let round = 0; round < 8; round += 1) {
    const email = `${randomUUID()}@example.com`;
    const squatter = { provider: 'lax', subject: email, email, emailVerified: false, name: null };
    const { userId } = await one.app
      .get(UpstreamIdentitiesRepository)
      .settle(squatter, ['mcp:write'], new Date());
    const signingIn = Array.from({ length: 6 }, async (_, n) => {
      const at = (n % 2 ? one : two).app;
      for (;;) {
        const { outcome } = await at
          .get(UpstreamIdentitiesRepository)
          .settle(squatter, ['mcp:write'], new Date());
        if (outcome !== 'known' || userId === null) return;
        const proof = { provider: 'lax', subject: email };
        await at
          .get(BrowserLogins)
          .open({ userId, proof }, from)
          .catch(() => undefined);
      }
    });
    await pause(20);
    expect(await takeOver(email)).toBe('taken_over');
    await Promise.all(signingIn);
    expect(await leftOf(userId ?? '')).toEqual([]);
  }
});

test('leaves no key, and is not held up by those who make some', async () => {
  const before = await replicas.deadlocks();
  for (let round = 0; round < 3; round += 1) {
    const squatter = await one.person();
    const make = () => two.call('POST', '/keys', { bearer: squatter.accessToken, body: { name: 'mine' } });
    const making = Array.from({ length: 16 }, async () => {
      while ((await make()).status === 201);
    });
    await pause(100);
    expect(await takeOver(squatter.email)).toBe('taken_over');
    // On a replica that may not have heard of it yet.
    expect((await make()).status).toBe(401);
    await Promise.all(making);
    expect(await leftOf(squatter.id)).toEqual([]);
  }
  expect(await replicas.deadlocks()).toBe(before);
});

test('is not held up by those who take grants back', async () => {
  const before = await replicas.deadlocks();
  for (let round = 0; round < 3; round += 1) {
    const squatter = await one.person();
    await sql.query(
      `INSERT INTO grants (id, user_id, client_id, resource, scopes, redirect_uris, created_at, updated_at)
       SELECT gen_random_uuid(), $1, 'client-' || i, 'http://127.0.0.1:1/mcp', '{}', '{}', now(), now() FROM generate_series(1, 60) i`,
      [squatter.id],
    );
    await sql.query(
      `INSERT INTO sessions (id, user_id, client_id, grant_id, resource, scopes, created_at, expires_at)
       SELECT gen_random_uuid(), g.user_id, g.client_id, g.id, g.resource, '{}', now(), now() + interval '1 day'
       FROM grants g, generate_series(1, 5) WHERE g.user_id = $1`,
      [squatter.id],
    );
    const grants = (await leftOf(squatter.id)).filter(({ kind }) => kind === 'grant').map(({ id }) => id);
    const revoking = Array.from({ length: 8 }, async (_, n) => {
      for (let at = n; at < grants.length; at += 8)
        await one.app.get(GrantsRepository).revoke(grants[at] ?? '', squatter.id, new Date());
    });
    await pause(10);
    expect(await takeOver(squatter.email)).toBe('taken_over');
    await Promise.all(revoking);
    expect(await leftOf(squatter.id)).toEqual([]);
  }
  expect(await replicas.deadlocks()).toBe(before);
});

test('lets nobody consent who was signed in before', async () => {
  const squatter = await one.person();
  const logins = one.app.get(BrowserLogins);
  const cookie = await logins.open({ userId: squatter.id, proof: { password: true } }, from);
  const person = await logins.find(cookie);
  if (!person) throw new Error('nobody is signed in');
  expect(await takeOver(squatter.email)).toBe('taken_over');
  const consent = {
    userId: person.userId,
    sessionId: person.sessionId,
    clientId: 'some-client',
    resource: one.config.resource,
    shown: [],
    chosen: [],
    redirectUri: null,
  };
  const request = { id: randomUUID(), codeChallenge: 'c' } as AuthorizationRequest;
  const code = {
    digest: randomBytes(32),
    signedInAt: new Date(),
    expiresAt: new Date(Date.now() + 60_000),
  };
  expect(await one.app.get(GrantsRepository).issueCode(consent, request, code, new Date())).toBe(false);
  const devices = one.app.get(DeviceCodesRepository);
  const device = {
    digest: randomBytes(32),
    userCodeMac: randomBytes(32),
    clientId: 'some-client',
    resource: consent.resource,
    scopes: [],
    interval: 5,
    expiresAt: code.expiresAt,
  };
  expect(await devices.insert(device)).toBe(true);
  expect(await devices.allow(device.digest, consent, new Date())).toBe(false);
  expect(await leftOf(squatter.id)).toEqual([]);
});

test('is whole or not at all, where the same account signs in with another address at that moment', async () => {
  const squatted = await one.person();
  const subject = randomUUID();
  const [first, fresh] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`];
  const settle = async (service: TestService, email: string) =>
    service.app
      .get(UpstreamIdentitiesRepository)
      .settle(
        { provider: 'idp', subject, email, emailVerified: true, name: null },
        ['mcp:write'],
        new Date(),
      );
  await sql.query('BEGIN');
  await sql.query(
    `WITH made AS (INSERT INTO users (id, email, email_verified_at, scopes, created_at)
       VALUES (gen_random_uuid(), $1, now(), '{}', now()) RETURNING id)
     INSERT INTO upstream_identities (provider, subject, user_id, created_at) SELECT 'idp', $2, id, now() FROM made`,
    [first, subject],
  );
  const settling = [settle(one, fresh), settle(two, squatted.email)];
  await pause(300);
  await sql.query('COMMIT');
  expect((await Promise.all(settling)).map(({ outcome }) => outcome)).toEqual(['known', 'known']);
  const { rows } = await sql.query(
    `SELECT email, password_hash IS NOT NULL AS "hasPassword", email_verified_at IS NOT NULL AS proven
     FROM users WHERE email = ANY ($1)`,
    [[squatted.email, fresh]],
  );
  expect(rows).toEqual([{ email: squatted.email, hasPassword: true, proven: false }]);
});
