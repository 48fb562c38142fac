import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UsersRepository } from '../../src/users/users.repository.js';
import { PASSWORD, type Person, setScopes, startTestService, type TestService } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';
import { NOTES, operator } from '../support/operator.js';

const OTHER = { ...NOTES, identifier: 'https://other.example.com/mcp' };

let service: TestService;
let admin: Awaited<ReturnType<typeof operator>>;
let person: Person;
let server: { client_id: string; client_secret: string };
beforeAll(async () => {
  service = await startTestService();
  admin = await operator(service);
  await admin.resource();
  await admin.resource(OTHER);
  server = await admin.server(NOTES.identifier);
  person = await service.person();
});
afterAll(() => service.stop());

const make = (bearer: string, body: object) =>
  service.call('POST', '/keys', { bearer, body: { name: 'k', ...body } });
const keyFor = async (resource: string, more: object = {}) =>
  (await make(person.accessToken, { resource, scopes: ['pages:read'], ...more })).body;
const introspect = async (token: string, as: Record<string, string> = server) =>
  service.call('POST', '/oauth/introspect', {
    body: new URLSearchParams({ token, ...as }).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
const me = async (key: string) => (await service.call('GET', '/auth/me', { bearer: key })).status;

describe('a key', () => {
  test('is for the built-in resource unless another is named', async () => {
    const mine = await make(person.accessToken, {});
    expect([mine.status, mine.body.resource]).toEqual([201, service.config.resource]);
    const notes = await make(person.accessToken, { resource: 'HTTPS://Notes.example.com/mcp' });
    expect([notes.status, notes.body.resource]).toEqual([201, NOTES.identifier]);
    expect(notes.body.scopes).toEqual(['mcp:write']);
    const { body } = await service.call('GET', '/keys', { bearer: person.accessToken });
    const listed = body.keys.map(({ id, resource }: { id: string; resource: string }) => [id, resource]);
    expect(listed).toEqual(
      expect.arrayContaining([
        [mine.body.id, service.config.resource],
        [notes.body.id, NOTES.identifier],
      ]),
    );
  });

  test.each([
    ['an unknown resource', { resource: 'https://unknown.example.com/mcp' }, 422, 'invalid_input'],
    ['no URL', { resource: 'notes' }, 422, 'invalid_input'],
    ['an array', { resource: [NOTES.identifier] }, 422, 'invalid_input'],
    ['a mistaken name', { audience: NOTES.identifier }, 422, 'invalid_input'],
    ['what its resource does not offer', { resource: NOTES.identifier, scopes: ['notes:read'] }, 422, 'invalid_scope'],
    ['what rules the service', { resource: NOTES.identifier, scopes: ['keys:write'] }, 422, 'invalid_scope'],
    ['an inherited name', { resource: NOTES.identifier, scopes: ['constructor'] }, 422, 'invalid_scope'],
    ['more than its maker holds', { resource: NOTES.identifier, scopes: ['mcp:admin'] }, 403, 'insufficient_scope'],
  ])('asked for with %s is refused', async (_, body, status, code) => {
    const answer = await make(person.accessToken, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  }); // prettier-ignore

  test('of another resource opens nothing of the service, also when it was just used elsewhere', async () => {
    const { key } = await keyFor(NOTES.identifier);
    for (let round = 0; round < 2; round += 1) {
      expect(await me(key)).toBe(401);
      const mcp = await service.call('POST', '/mcp', {
        headers: { 'X-API-Key': key, Accept: 'application/json, text/event-stream' },
        body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
      });
      expect([mcp.status, mcp.body.error]).toEqual([401, 'invalid_token']);
      expect((await introspect(key)).body.active).toBe(true);
    }
    const refused = await service.call('GET', '/keys', { headers: { 'X-API-Key': key } });
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid_api_key']);
  });

  test('makes no key for another resource, and rotates none of it', async () => {
    const strong = await make(person.accessToken, { scopes: ['mcp:write', 'keys:write'] });
    const made = await make(strong.body.key, { resource: NOTES.identifier, scopes: ['pages:read'] });
    expect([made.status, made.body.code]).toEqual([403, 'not_allowed']);
    const { id } = await keyFor(NOTES.identifier);
    const rotate = (bearer: string) => service.call('POST', `/keys/${id}/rotate`, { bearer, body: {} });
    expect((await rotate(strong.body.key)).body.code).toBe('not_allowed');
    expect((await rotate(person.accessToken)).body).toMatchObject({ id, resource: NOTES.identifier });
  });

  test('made for a resource that is being removed does not outlive it', async () => {
    const living: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const gone = { ...NOTES, identifier: `https://gone${round}.example.com/mcp` };
      await admin.resource(gone);
      const before = await keyFor(gone.identifier);
      const racing = make(person.accessToken, { resource: gone.identifier, scopes: ['pages:read'] });
      const [answer] = await Promise.all([racing, admin.removeResource(gone.identifier)]);
      await admin.resource(gone);
      const client = await admin.server(gone.identifier);
      for (const key of [before.key, answer.body.key ?? before.key])
        if ((await introspect(key, client)).body.active !== false) living.push(key);
    }
    expect(living.length).toBe(0);
  });
});

describe('introspection of a key', () => {
  test('tells the server of its resource what it is, and marks it used', async () => {
    const limits = { expires_in: 600, allowed_cidrs: ['10.0.0.0/8'] };
    const made = await keyFor(NOTES.identifier, limits);
    const { status, body } = await introspect(made.key);
    expect([status, body]).toEqual([
      200,
      {
        active: true,
        scope: 'pages:read',
        sub: person.id,
        aud: NOTES.identifier,
        iss: service.config.issuer,
        token_type: 'Bearer',
        iat: Math.floor(Date.parse(made.created_at) / 1000),
        exp: Math.floor(Date.parse(made.expires_at) / 1000),
        key_id: made.id,
        allowed_cidrs: ['10.0.0.0/8'],
      },
    ]);
    const used = async () => {
      const list = await service.call('GET', '/keys', { bearer: person.accessToken });
      return list.body.keys.find(({ id }: { id: string }) => id === made.id).last_used_at;
    };
    while ((await used()) === null) await new Promise((resolve) => setTimeout(resolve, 200));
    const forever = await introspect((await keyFor(NOTES.identifier)).key);
    expect([forever.body.active, 'exp' in forever.body]).toEqual([true, false]);
  });

  test('attack 4: another server, a client of the person and the maker of the key learn nothing', async () => {
    const { key } = await keyFor(NOTES.identifier);
    for (const foreign of [await admin.server(OTHER.identifier), await admin.server()])
      expect((await introspect(key, foreign)).body).toEqual({ active: false });
    const builtIn = await make(person.accessToken, {});
    expect((await introspect(builtIn.body.key)).body).toEqual({ active: false });
    const wrong = await introspect(key, { ...server, client_secret: 'wrong' });
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
    expect((await introspect(key, {})).status).toBe(400);
    const revoke = await service.call('POST', '/oauth/revoke', {
      body: new URLSearchParams({ token: key, ...server }).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect([revoke.status, (await introspect(key)).body.active]).toEqual([200, true]);
  });

  test('says no more than that a key is dead, whyever it is', async () => {
    const expired = await keyFor(NOTES.identifier, { expires_in: 5 });
    const revoked = await keyFor(NOTES.identifier);
    await service.call('DELETE', `/keys/${revoked.id}`, { bearer: person.accessToken });
    const rotated = await keyFor(NOTES.identifier);
    await service.call('POST', `/keys/${rotated.id}/rotate`, { bearer: person.accessToken, body: {} });
    service.clock.advance(6);
    const typo = `${rotated.key.slice(0, -1)}${rotated.key.endsWith('x') ? 'y' : 'x'}`;
    for (const key of [expired.key, revoked.key, rotated.key, typo, 'tgk_'])
      expect((await introspect(key)).body).toEqual({ active: false });
  });

  test('follows the owner: narrowed scopes, and none when disabled', async () => {
    const owner = await service.person();
    const made = await make(owner.accessToken, {
      resource: NOTES.identifier,
      scopes: ['pages:read', 'pages:write'],
    });
    expect((await introspect(made.body.key)).body.scope).toBe('pages:read pages:write');
    await setScopes(service, owner.email, ['mcp:read']);
    expect((await introspect(made.body.key)).body.scope).toBe('pages:read');
    await service.app.get(UsersRepository).disable(owner.email, service.clock.now());
    expect((await introspect(made.body.key)).body).toEqual({ active: false });
  });
});

describe('a scope that no rung but the highest covers', () => {
  const RECORDS = {
    ...NOTES,
    identifier: 'https://records.example.com/mcp',
    scopes: [...NOTES.scopes, { name: 'pages:erase', description: 'Erase pages' }],
  };
  const program = join(import.meta.dirname, '../../dist/src/cli/toolgate.js');
  const toolgate = (...args: string[]) =>
    promisify(execFile)(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'], DATABASE_URL: service.databaseUrl },
    });
  const login = async ({ email }: Person) =>
    (await service.call('POST', '/auth/login', { body: { email, password: PASSWORD } })).body.access_token;

  test('is given to a person by `toolgate user scopes`; until then the consent says that they lack it', async () => {
    await admin.resource(RECORDS);
    const oauth = new OauthDriver(service);
    const other = await service.person();
    const { client_id: client } = await oauth.register();
    const browser = await oauth.signedIn(other);
    const asking = oauth.authorizeUrl(client, 'c'.repeat(43), {
      scope: 'pages:read pages:erase',
      resource: RECORDS.identifier,
    });
    expect((await browser.go(asking)).text).toContain('>pages:erase</bdi>, which your account does not have');
    const body = { resource: RECORDS.identifier, scopes: ['pages:erase'] };
    expect((await make(await login(other), body)).status).toBe(403);

    await toolgate('user', 'scopes', other.email, 'mcp:write keys:write pages:erase');
    // The running service hears of it by its next poll.
    await new Promise((resolve) => setTimeout(resolve, 2 * service.config.REVOCATION_POLL_MS));
    expect((await browser.go(asking)).text).not.toContain('It also asked for');
    expect((await make(await login(other), body)).body).toMatchObject({ scopes: ['pages:erase'] });
  });

  test('must be one that some server has; what is wrong on the command line is said', async () => {
    await expect(toolgate('user', 'scopes', person.email, 'mcp:write pages:wipe')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Unknown scopes: pages:wipe\. Known: .*\bpages:read\b/),
    });
    await expect(toolgate('resource', NOTES.identifier)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('its scopes in quotes'),
    });
    await expect(toolgate('users')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no command "users".'),
    });
  });
});

test('a refusal names nothing that is not in it', async () => {
  const { body } = await make(person.accessToken, { resource: NOTES.identifier, scopes: ['pages:wipe'] });
  expect(body.detail).toBe(
    `Not offered by ${NOTES.identifier}: "pages:wipe". It offers: pages:read pages:write mcp:read mcp:write mcp:admin.`,
  );
  const { key } = (await make(person.accessToken, { scopes: ['notes:read'] })).body;
  const refused = await service.call('POST', '/mcp', {
    headers: { 'X-API-Key': key, Accept: 'application/json, text/event-stream' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'notes_write', arguments: {} } },
  });
  expect(refused.body).toMatchObject({ error: 'insufficient_scope', scope: 'notes:write' });
  for (const [, name] of refused.body.error_description.matchAll(/`(\w+)`/g))
    expect(refused.body).toHaveProperty(name);
});
