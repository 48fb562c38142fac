import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AuditTrail, MOST_WAITING } from '../../src/ops/audit/audit-trail.js';
import { PASSWORD, type Person, setScopes, startTestService, type TestService } from '../support/harness.js';
import { Browser, OauthDriver, REDIRECT, tickable } from '../support/oauth.js';
import { queryOnce } from '../support/postgres.js';

type Event = Readonly<Record<string, string | null>>;

let service: TestService;
let operator: string;
beforeAll(async () => {
  service = await startTestService({
    env: { REFRESH_REPLAY_WINDOW: '0', REGISTRATION_LIMIT_ADDRESS: '100000' },
  });
  const { email } = await service.person();
  await setScopes(service, email, ['admin', 'mcp:admin']);
  const login = await service.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  operator = login.body.access_token as string;
});
afterAll(() => service.stop());

const audit = async (query: string): Promise<Event[]> =>
  (await service.call('GET', `/admin/audit?${query}`, { bearer: operator })).body.events as Event[];
const as = (person: Person) => ({ bearer: person.accessToken });
/** A page is answered before its record is made. */
async function newest(query: string, event: string): Promise<Event> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [found] = await audit(`${query}&event=${event}&limit=1`);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no record of ${event}`);
}

describe('accounts and sessions', () => {
  test('registration, sign-in, sign-out: who, which session, from where', async () => {
    const person = await service.person();
    await service.call('POST', '/auth/logout', { body: { refresh_token: person.refreshToken } });
    const [out, signedIn, registered, ...more] = await audit(`user=${person.id}`);
    expect(more).toEqual([]);
    expect(registered).toMatchObject({ event: 'account.registered', outcome: 'allowed', user_id: person.id });
    expect(signedIn).toMatchObject({
      event: 'account.signed_in',
      outcome: 'allowed',
      session_id: expect.any(String),
      client_id: 'toolgate',
      address: '127.0.0.1',
    });
    expect(out).toMatchObject({ event: 'account.signed_out', session_id: signedIn?.['session_id'] });
  });

  test('a wrong password names the account to the operator and not to the caller; an unknown address names nobody', async () => {
    const person = await service.person();
    const refusals = [];
    for (const email of [person.email, `nobody-${person.email}`]) {
      const headers: Record<string, string> = {
        'X-Request-Id': `refused-${person.id.slice(0, 8)}-${refusals.length}`,
      };
      refusals.push(
        await service.call('POST', '/auth/login', { body: { email, password: 'not the password' }, headers }),
      );
    }
    const bodies = refusals.map(({ body }) => ({ ...body, request_id: '' }) as unknown);
    expect(bodies[0]).toEqual(bodies[1]);
    expect(refusals[0]?.text).not.toContain(person.id);
    const denied = await audit('event=account.signed_in&outcome=denied&limit=2');
    expect(denied.map((one) => [one['user_id'], one['reason']])).toEqual([
      [null, 'invalid_login'],
      [person.id, 'invalid_login'],
    ]);
  });

  test('a refresh token used twice is recorded once, with the session that ended; a refresh is not', async () => {
    const person = await service.person();
    const refresh = () =>
      service.call('POST', '/auth/refresh', { body: { refresh_token: person.refreshToken } });
    expect((await refresh()).status).toBe(200);
    service.clock.advance(1);
    expect([(await refresh()).status, (await refresh()).status]).toEqual([401, 401]);
    const events = await audit(`user=${person.id}&event=session`);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      event: 'session.token_reused',
      outcome: 'denied',
      reason: 'reused_refresh_token',
      resource: service.config.resource,
      operation: events[0]?.['session_id'],
      client_id: 'toolgate',
    });
  });

  test('ending a session of mine names it', async () => {
    const person = await service.person();
    const { body } = await service.call('GET', '/auth/sessions', as(person));
    const id = body.sessions[0].id as string;
    await service.call('DELETE', `/auth/sessions/${id}`, as(person));
    expect((await audit(`user=${person.id}&event=session.ended`))[0]).toMatchObject({
      operation_kind: 'session',
      operation: id,
    });
  });
});

test('API keys: made, rotated and revoked, by whom and which; never the key', async () => {
  const person = await service.person();
  const { body: made } = await service.call('POST', '/keys', { ...as(person), body: { name: 'agent' } });
  await service.call('POST', `/keys/${String(made.id)}/rotate`, { ...as(person), body: {} });
  await service.call('DELETE', `/keys/${String(made.id)}`, as(person));
  await service.call('DELETE', `/keys/${String(made.id)}`, as(person));
  const events = await audit(`user=${person.id}&tool=${String(made.id)}`);
  expect(events.map((one) => [one['event'], one['operation_kind'], one['principal']])).toEqual([
    ['key.revoked', 'key', 'user'],
    ['key.rotated', 'key', 'user'],
    ['key.created', 'key', 'user'],
  ]);
});

describe('clients and consent', () => {
  async function asked() {
    const oauth = new OauthDriver(service);
    const person = await service.person();
    const client = await oauth.register();
    const browser = new Browser(service.url);
    const signIn = await browser.go(
      oauth.authorizeUrl(client.client_id, 'c'.repeat(43), { scope: 'notes:read' }),
    );
    const consent = await browser.submit(signIn, { email: person.email, password: PASSWORD });
    return { person, client, browser, consent };
  }

  test('a client that registers itself, and is removed', async () => {
    const client = await new OauthDriver(service).register();
    await service.call('DELETE', `/oauth/register/${client.client_id}`, {
      bearer: client.registration_access_token,
    });
    await service.call('DELETE', `/oauth/register/${client.client_id}`, { bearer: 'not-its-token' });
    const events = await audit(`tool=${client.client_id}`);
    expect(events.map((one) => one['event'])).toEqual(['client.removed', 'client.created']);
  });

  test('a sign-in at the page, a consent given, and taken back', async () => {
    const { person, client, browser, consent } = await asked();
    const done = await browser.submit(consent, { scope: tickable(consent), decision: 'allow' });
    expect(done.location).toContain(REDIRECT);
    expect(await newest(`user=${person.id}&client=${client.client_id}`, 'grant.given')).toMatchObject({
      outcome: 'allowed',
      client_id: client.client_id,
      resource: service.config.resource,
    });
    const { body } = await service.call('GET', '/auth/grants', as(person));
    await service.call('DELETE', `/auth/grants/${String(body.grants[0].id)}`, as(person));
    expect(await newest(`user=${person.id}`, 'grant.revoked')).toMatchObject({
      operation: body.grants[0].id,
    });
    expect(await audit(`user=${person.id}&event=account.signed_in`)).toHaveLength(2);
  });

  test('a consent refused, and a sign-in refused at the page', async () => {
    const { person, client, browser, consent } = await asked();
    await browser.submit(consent, { decision: 'deny' });
    expect(await newest(`user=${person.id}&client=${client.client_id}`, 'grant.given')).toMatchObject({
      outcome: 'denied',
      reason: 'access_denied',
    });
    const page = await new Browser(service.url).go('/login');
    expect(page.status).toBe(200);
    const other = new Browser(service.url);
    await other.submit(await other.go('/login'), { email: person.email, password: 'not the password' });
    expect(await newest(`user=${person.id}&outcome=denied`, 'account.signed_in')).toMatchObject({
      reason: 'invalid_login',
    });
  });

  test('an authorization code used twice', async () => {
    const oauth = new OauthDriver(service);
    const person = await service.person();
    const { answer, redemption, clientId } = await oauth.connect(person);
    expect(answer.status).toBe(200);
    // Past the two seconds in which a second try may be the client's own.
    service.clock.advance(3);
    expect((await oauth.token(redemption)).status).toBe(400);
    expect(await newest(`user=${person.id}`, 'session.code_reused')).toMatchObject({
      outcome: 'denied',
      client_id: clientId,
    });
  });
});

test('what operators do, and who tried to without being one', async () => {
  const identifier = 'https://audited.example/mcp';
  const resource = {
    identifier,
    name: 'A',
    scopes: [{ name: 'a:read', description: 'a' }],
    default_scopes: ['a:read'],
  };
  await service.call('PUT', '/admin/resources', { bearer: operator, body: resource });
  const client = { client_name: 'x', grant_types: ['client_credentials'], serves: [identifier] };
  const made = await service.call('POST', '/admin/clients', { bearer: operator, body: client });
  await service.call('DELETE', `/admin/clients/${String(made.body.client_id)}`, { bearer: operator });
  await service.call('DELETE', `/admin/resources?identifier=${encodeURIComponent(identifier)}`, {
    bearer: operator,
  });
  expect((await audit(`tool=${encodeURIComponent(identifier)}`)).map((one) => one['event'])).toEqual([
    'resource.removed',
    'resource.saved',
  ]);
  expect(
    (await audit(`tool=${String(made.body.client_id)}`)).map((one) => [one['event'], one['principal']]),
  ).toEqual([
    ['client.removed', 'user'],
    ['client.created', 'user'],
  ]);
  const person = await service.person();
  expect((await service.call('PUT', '/admin/resources', { ...as(person), body: resource })).status).toBe(403);
  expect((await audit(`user=${person.id}&event=resource`))[0]).toMatchObject({
    outcome: 'denied',
    reason: 'insufficient_scope',
  });
});

test('strangers cannot fill the table: what nobody counts leaves no record', async () => {
  const before = (await audit('outcome=denied&limit=1000')).length;
  await service.call('POST', '/auth/logout', { bearer: 'nonsense' });
  await service.call('POST', '/oauth/revoke', {
    body: 'token=x',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  await service.call('POST', '/oauth/register', { body: { redirect_uris: ['javascript:1'] } });
  await service.call('POST', '/auth/login', { body: { email: 'no address' } });
  expect(await audit('outcome=denied&limit=1000')).toHaveLength(before);
});

test('no secret and no address of a person stands in any record', async () => {
  const rows = JSON.stringify(await queryOnce(service.databaseUrl, 'SELECT * FROM audit_events'));
  expect(rows).not.toMatch(/tg[krosmd]_|eyJ|@example\.com|password"/);
});

test('when no record finds room, nothing that needs one begins; what ran already is not undone', async () => {
  const full = await startTestService();
  const person = await full.person();
  const trail = full.app.get(AuditTrail);
  await trail.flush();
  await queryOnce(full.databaseUrl, 'ALTER TABLE audit_events RENAME TO audit_away');
  for (let n = 0; n < MOST_WAITING; n += 1)
    trail.record({ event: 'mcp.call', outcome: 'allowed', requestId: 'fill', address: null });
  const answers = await Promise.all([
    full.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'x' } }),
    full.call('POST', '/auth/login', { body: { email: person.email, password: PASSWORD } }),
    full.call('POST', '/auth/refresh', { body: { refresh_token: person.refreshToken } }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
  expect(await queryOnce(full.databaseUrl, 'SELECT FROM api_keys')).toEqual([]);
  await queryOnce(full.databaseUrl, 'ALTER TABLE audit_away RENAME TO audit_events');
  await trail.flush();
  expect((await full.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'x' } })).status).toBe(
    201,
  );
  await full.stop();
});
