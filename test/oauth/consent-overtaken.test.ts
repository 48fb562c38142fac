import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ResourcesRepository } from '../../src/resources/resources.repository.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { setScopes, type TestService } from '../support/harness.js';
import { type Browser, OauthDriver, pkce, tickable } from '../support/oauth.js';
import { pause, startTwoReplicas, type TwoReplicas } from '../support/two-replicas.js';

let replicas: TwoReplicas;
let one: TestService;
let oauth: OauthDriver;
beforeAll(async () => {
  replicas = await startTwoReplicas();
  one = replicas.one;
  oauth = new OauthDriver(one);
});
afterAll(() => replicas.stop());

const FILES = 'https://files.example/mcp';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

async function asking(scope?: string) {
  const person = await one.person();
  await setScopes(one, person.email, ['mcp:write', 'mcp:read', 'sessions:write', 'notes:read']);
  const browser = await oauth.signedIn(person);
  const { client_id: clientId } = await oauth.register();
  const url = (more: Record<string, string> = {}) =>
    oauth.authorizeUrl(clientId, pkce().challenge, { ...(scope !== undefined && { scope }), ...more });
  return { person, browser, url };
}

const livingGrants = async (userId: string) =>
  (
    await replicas.sql.query<{ id: string; scopes: string[] }>(
      'SELECT id, scopes FROM grants WHERE user_id = $1 AND revoked_at IS NULL',
      [userId],
    )
  ).rows;
const allow = async (browser: Browser, page: Awaited<ReturnType<Browser['go']>>, scope = tickable(page)) =>
  browser.submit(page, { decision: 'allow', scope });
const saveFiles = async () =>
  one.app.get(ResourcesRepository).save(
    {
      identifier: FILES,
      name: 'Files',
      scopes: [{ name: 'notes:read', description: 'Read' }],
      defaultScopes: ['notes:read'],
      tools: [],
    },
    new Date(),
  );
const removeFiles = async () => one.app.get(ResourcesRepository).remove(FILES, new Date());

test('each of two tabs that ask is answered as it was decided there', async () => {
  const { person, browser, url } = await asking('mcp:read mcp:write');
  const tabs = [await browser.go(url()), await browser.go(url()), await browser.go(url())] as const;
  expect((await allow(browser, tabs[0])).location).toContain('code=');
  const [first = ''] = tickable(tabs[1]);
  expect((await allow(browser, tabs[1], [first])).location).toContain('code=');
  expect(await livingGrants(person.id)).toMatchObject([{ scopes: [first] }]);
  expect((await browser.submit(tabs[2], { decision: 'deny' })).location).toContain('error=access_denied');
  const { rows } = await replicas.sql.query('SELECT 1 FROM authorization_codes WHERE user_id = $1', [person.id]); // prettier-ignore
  expect(rows).toHaveLength(2);
});

test('a form that is sent again is told so', async () => {
  const { browser, url } = await asking();
  const page = await browser.go(url());
  expect((await allow(browser, page)).location).toContain('code=');
  const again = await allow(browser, page);
  expect(again.status).toBe(400);
  expect(again.text).toContain('This was answered already');
});

test('a silent sign-in brings no grant back that is taken back meanwhile', async () => {
  const { person, browser, url } = await asking();
  await oauth.code(browser, url());
  const [grant] = await livingGrants(person.id);
  await replicas.sql.query('BEGIN');
  await replicas.sql.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [person.id]);
  const silent = browser.go(url({ prompt: 'none' }));
  await pause(300);
  const path = `/auth/grants/${grant?.id ?? ''}`;
  expect((await one.call('DELETE', path, { bearer: person.accessToken })).status).toBe(204);
  await replicas.sql.query('COMMIT');
  expect((await silent).location).toContain('error=consent_required');
  expect(await livingGrants(person.id)).toEqual([]);
});

test('a silent sign-in gives nothing that was unticked meanwhile', async () => {
  const { person, browser, url } = await asking('mcp:read mcp:write');
  await oauth.code(browser, url());
  await replicas.sql.query('BEGIN');
  await replicas.sql.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [person.id]);
  const silent = browser.go(url({ prompt: 'none' }));
  await pause(300);
  await replicas.sql.query(`UPDATE grants SET scopes = '{mcp:read}', updated_at = now() WHERE user_id = $1`, [person.id]); // prettier-ignore
  await replicas.sql.query('COMMIT');
  expect((await silent).location).toContain('error=consent_required');
  expect(await livingGrants(person.id)).toMatchObject([{ scopes: ['mcp:read'] }]);
});

test('a yes for a resource that was removed meanwhile gives nothing', async () => {
  await saveFiles();
  const { person, browser, url } = await asking('notes:read');
  const page = await browser.go(url({ resource: FILES }));
  expect(tickable(page)).toEqual(['notes:read']);
  await removeFiles();
  const yes = await allow(browser, page);
  expect(yes.status).toBe(400);
  expect(yes.text).toContain('not known here any more');
  expect(await livingGrants(person.id)).toEqual([]);
});

test('a yes to a device for a resource that was removed meanwhile gives nothing', async () => {
  await saveFiles();
  const { person, browser } = await asking();
  const { client_id } = await oauth.register({ grant_types: [DEVICE, 'refresh_token'], redirect_uris: [] });
  const form = async (path: string, fields: Record<string, string>) =>
    one.call('POST', path, {
      body: new URLSearchParams(fields).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
  const asked = await form('/oauth/device_authorization', { client_id, resource: FILES });
  const codePage = await browser.go(asked.body.verification_uri_complete);
  const page = await browser.submit(codePage, { user_code: asked.body.user_code });
  expect(tickable(page)).toEqual(['notes:read']);
  await removeFiles();
  expect((await allow(browser, page)).status).toBe(400);
  const device_code = asked.body.device_code as string;
  const poll = await form('/oauth/token', { grant_type: DEVICE, device_code, client_id });
  expect([poll.status, poll.body.error]).toEqual([400, 'authorization_pending']);
  expect(await livingGrants(person.id)).toEqual([]);
});

/** The moment is one in which the yes waits for a lock: before it has looked at the resource, and after it has given its grant. */
const MOMENTS = {
  before: ['SELECT 1 FROM users WHERE id = $1 FOR UPDATE', true],
  after: ['SELECT pg_advisory_xact_lock(hashtext($1))', false],
} as const;

test.each(['before', 'after'] as const)(
  'a resource that is removed in the moment of a yes, %s that has found it, ends what the yes gave',
  async (moment) => {
    await saveFiles();
    const { person, browser, url } = await asking('notes:read');
    const page = await browser.go(url({ resource: FILES }));
    await replicas.sql.query(`
      CREATE FUNCTION wait_at_code() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext(NEW.user_id::text)); RETURN NEW; END $$;
      CREATE TRIGGER wait_at_code BEFORE INSERT ON authorization_codes FOR EACH ROW EXECUTE FUNCTION wait_at_code()`);
    const [lock, removedFirst] = MOMENTS[moment];
    await replicas.sql.query('BEGIN');
    await replicas.sql.query(lock, [person.id]);
    const yes = allow(browser, page);
    await pause(200);
    let removed = false;
    const removing = removeFiles().then((done) => (removed = done));
    await pause(200);
    expect(removed).toBe(removedFirst);
    await replicas.sql.query('COMMIT');
    const [{ status, location }] = await Promise.all([yes, removing]);
    await replicas.sql.query('DROP TRIGGER wait_at_code ON authorization_codes; DROP FUNCTION wait_at_code');
    expect([status, location?.includes('code=') ?? false]).toEqual(removedFirst ? [400, false] : [303, true]);
    expect(removed).toBe(true);
    expect(await livingGrants(person.id)).toEqual([]);
  },
);

test('whoever signs in silently without end is disabled all the same', async () => {
  const { person, browser, url } = await asking();
  await oauth.code(browser, url());
  // As where a commit takes its time.
  await replicas.sql.query(`
    CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON authorization_codes DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION slow_commit()`);
  let going = true;
  const storm = Array.from({ length: 16 }, async () => {
    while (going) await browser.request('GET', url({ prompt: 'none' }));
  });
  await pause(300);
  try {
    await one.app.get(UsersRepository).disable(person.email, new Date());
  } finally {
    going = false;
    await Promise.all(storm);
    await replicas.sql.query('DROP TRIGGER slow_commit ON authorization_codes; DROP FUNCTION slow_commit');
  }
  expect((await browser.request('GET', url({ prompt: 'none' }))).location).toContain('error=login_required');
});
