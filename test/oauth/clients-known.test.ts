import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { sha256 } from '../../src/crypto/digest.js';
import { remember } from '../support/credentials.js';
import { PASSWORD, setScopes, startTestService, type TestService } from '../support/harness.js';

let one: TestService;
let two: TestService;
let admin: string;
beforeAll(async () => {
  one = await startTestService();
  const { databaseUrl, masterKey, url: publicUrl } = one;
  two = await startTestService({ databaseUrl, masterKey, publicUrl });
  const person = await one.person();
  await setScopes(one, person.email, ['mcp:write', 'admin']);
  admin = (await one.call('POST', '/auth/login', { body: { email: person.email, password: PASSWORD } })).body
    .access_token;
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
});

const second = () => new Promise((resolve) => setTimeout(resolve, 1000));
const form = (fields: Record<string, string>) => ({
  body: new URLSearchParams(fields).toString(),
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
});

interface Made {
  readonly client_id: string;
  readonly client_secret: string;
}
async function makeClient(): Promise<Made> {
  const body = {
    grant_types: ['client_credentials'],
    own_scopes: ['notes:read'],
    serves: [one.config.resource],
  };
  const made = await one.call('POST', '/admin/clients', { bearer: admin, body });
  expect(made.status).toBe(201);
  return made.body;
}
const token = ({ client_id, client_secret }: Made, at: TestService, more: Record<string, string> = {}) =>
  at.call(
    'POST',
    '/oauth/token',
    form({ grant_type: 'client_credentials', client_id, client_secret, ...more }),
  );
const introspect = async ({ client_id, client_secret }: Made, at: TestService, what: string) =>
  at.call('POST', '/oauth/introspect', form({ client_id, client_secret, token: what }));

test('a client removed on one replica gets nothing there at once, and on the other within a second', async () => {
  const client = await makeClient();
  const other = await makeClient();
  for (const replica of [one, two]) expect((await token(client, replica)).status).toBe(200);
  const { access_token } = (await token(client, two)).body;
  expect((await introspect(other, two, access_token)).body.active).toBe(true);

  expect((await one.call('DELETE', `/admin/clients/${client.client_id}`, { bearer: admin })).status).toBe(
    204,
  );
  expect((await token(client, one)).status).toBe(401);
  // The other may know the client for a moment longer; what it issues then is as dead as what came before.
  const late = ((await token(client, two)).body as { access_token?: string }).access_token ?? access_token;
  await second();
  expect((await token(client, two)).status).toBe(401);
  expect((await introspect(other, two, late)).body).toEqual({ active: false });
  expect((await introspect(client, two, access_token)).status).toBe(401);
  expect((await introspect(other, two, access_token)).body).toEqual({ active: false });
});

test('a new secret works everywhere at once, the old one nowhere a second later', async () => {
  const client = await makeClient();
  for (const replica of [one, two]) expect((await token(client, replica)).status).toBe(200);
  const fresh = `tgs_${'n'.repeat(43)}`;
  remember({ client_secret: fresh });
  await one.app
    .get(Database)
    .pool.query('UPDATE oauth_clients SET secret_digest = $2 WHERE client_id = $1', [
      client.client_id,
      sha256(fresh),
    ]);
  for (const replica of [one, two])
    expect((await token({ ...client, client_secret: fresh }, replica)).status).toBe(200);
  await second();
  for (const replica of [one, two]) expect((await token(client, replica)).status).toBe(401);
});

test('a resource removed on one replica gets no tokens on either', async () => {
  const client = await makeClient();
  const identifier = 'https://gone.example/mcp';
  const scopes = [{ name: 'notes:read', description: 'Read' }];
  const body = { identifier, name: 'Gone', scopes, default_scopes: ['notes:read'] };
  expect((await one.call('PUT', '/admin/resources', { bearer: admin, body })).status).toBe(200);
  for (const replica of [one, two])
    expect((await token(client, replica, { resource: identifier })).status).toBe(200);
  const query = new URLSearchParams({ identifier });
  await one.call('DELETE', `/admin/resources?${query.toString()}`, { bearer: admin });
  expect((await token(client, one, { resource: identifier })).status).toBe(400);
  await second();
  for (const replica of [one, two])
    expect((await token(client, replica, { resource: identifier })).status).toBe(400);
});

test('wrong secrets stay counted per address while right ones pass uncounted, in parallel too', async () => {
  const client = await makeClient();
  const guesses = await Promise.all(
    Array.from({ length: 120 }, (_, n) =>
      token({ ...client, client_secret: `tgs_wrong-${n}` }, n % 2 ? one : two),
    ),
  );
  const statuses = guesses.map(({ status }) => status);
  // The tests before made a few wrong guesses from the same address.
  const refused = statuses.filter((status) => status === 401).length;
  expect(refused).toBeGreaterThan(40);
  expect(refused).toBeLessThanOrEqual(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(120 - refused);
  expect((await token(client, one)).status).toBe(200);
});

test('the tokens of a client do not wait for each other, and none is another', async () => {
  const client = await makeClient();
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => token(client, n % 2 ? one : two)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body.access_token as string)).size).toBe(40);
});
