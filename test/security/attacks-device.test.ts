import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';
import { Browser, OauthDriver } from '../support/oauth.js';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
let service: TestService;
let oauth: OauthDriver;
let clientId: string;
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  clientId = (await oauth.register({ grant_types: [DEVICE, 'refresh_token'] })).client_id;
});
afterAll(() => service.stop());

async function begin() {
  const answer = await service.call('POST', '/oauth/device_authorization', {
    body: new URLSearchParams({ client_id: clientId, scope: 'notes:read' }).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  expect(answer.status).toBe(200);
  return answer.body as { device_code: string; user_code: string; verification_uri_complete: string };
}
const poll = async (device_code: string, client_id = clientId) => {
  service.clock.advance(11);
  return oauth.token({ grant_type: DEVICE, device_code, client_id });
};
const subjectOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub as string;

test('attack 25: what one person allowed another can neither change nor take', async () => {
  const [owner, stranger] = [await service.person(), await service.person()];
  const { user_code, device_code, verification_uri_complete } = await begin();
  const [hers, his] = [await oauth.signedIn(owner), await oauth.signedIn(stranger)];
  // Both have the question open; she answers first.
  const asked = await hers.submit(await hers.go(verification_uri_complete), { user_code });
  const other = await his.submit(await his.go(verification_uri_complete), { user_code });
  expect((await hers.submit(asked, { decision: 'allow', scope: 'notes:read' })).status).toBe(200);
  for (const decision of ['allow', 'deny'])
    expect((await his.submit(other, { decision, scope: 'notes:read' })).status).toBe(400);
  const answer = await poll(device_code);
  expect(answer.status).toBe(200);
  expect(subjectOf(answer.body.access_token)).toBe(owner.id);
});

test('attack 25: of two who allow at once one is first, and it is theirs', async () => {
  const people = [await service.person(), await service.person()];
  const { user_code, device_code, verification_uri_complete } = await begin();
  const pages = await Promise.all(
    people.map(async (person) => {
      const browser = await oauth.signedIn(person);
      return { browser, page: await browser.submit(await browser.go(verification_uri_complete), { user_code }) };
    }),
  ); // prettier-ignore
  const outcomes = await Promise.all(
    pages.map(({ browser, page }) => browser.submit(page, { decision: 'allow', scope: 'notes:read' })),
  );
  const winner = outcomes.findIndex(({ status }) => status === 200);
  expect(outcomes.filter(({ status }) => status === 200).length).toBe(1);
  expect(subjectOf((await poll(device_code)).body.access_token)).toBe(people[winner]?.id);
});

test('attack 25: a link alone allows nothing, nor does a form of another browser or of nobody', async () => {
  const victim = await oauth.signedIn(await service.person());
  const { user_code, device_code, verification_uri_complete } = await begin();
  const page = await victim.go(verification_uri_complete);
  expect(page.text).toContain(user_code);
  expect((await poll(device_code)).body.error).toBe('authorization_pending');
  const attacker = await oauth.signedIn(await service.person());
  const theirs = await attacker.submit(await attacker.go(verification_uri_complete), { user_code });
  const csrf = /name="csrf"[^>]*value="([^"]*)"/.exec(theirs.text)?.[1] ?? '';
  const decision = { request: user_code, decision: 'allow', scope: 'notes:read' };
  for (const fields of [decision, { ...decision, csrf }])
    expect((await victim.request('POST', '/device/decision', fields)).status).toBe(403);
  const nobody = new Browser(service.url);
  await nobody.go('/login');
  expect((await nobody.request('POST', '/device/decision', { ...decision, csrf })).status).toBe(403);
  expect((await poll(device_code)).body.error).toBe('authorization_pending');
});

test('attack 25: the page names who asks and warns before the person allows', async () => {
  const browser = await oauth.signedIn(await service.person());
  const { user_code, verification_uri_complete } = await begin();
  const page = await browser.submit(await browser.go(verification_uri_complete), { user_code });
  expect(page.text).toContain('Test client');
  expect(page.text).toContain(user_code);
});

test('attack 25: another client’s device code is of no use', async () => {
  const thief = await oauth.register({ grant_types: [DEVICE, 'refresh_token'] });
  const { device_code } = await begin();
  const answer = await poll(device_code, thief.client_id);
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  expect((await poll(device_code)).body.error).toBe('authorization_pending');
});

test('attack 25: guessing user codes ends after ten, also for the right one', async () => {
  const browser = await oauth.signedIn(await service.person());
  const { user_code, device_code } = await begin();
  const page = await browser.go('/device');
  const guesses = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      browser.submit(page, { user_code: `BBBB-BB${'BCDFGHJKLM'[n % 10] ?? ''}${'BCD'[Math.floor(n / 10)] ?? ''}` }),
    ),
  ); // prettier-ignore
  const statuses = guesses.map(({ status }) => status);
  expect(statuses.filter((status) => status === 400).length).toBe(10);
  expect(statuses.filter((status) => status === 429).length).toBe(20);
  expect((await browser.submit(page, { user_code })).status).toBe(429);
  expect((await poll(device_code)).body.error).toBe('authorization_pending');
});
