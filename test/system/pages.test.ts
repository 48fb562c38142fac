import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { migrate } from '../../src/database/migrate.js';
import { axeFindings } from '../support/axe.js';
import {
  launchChromium,
  type Seat,
  takeSeat,
  waitingClient,
  type WaitingClient,
} from '../support/chromium.js';
import { rememberSecret } from '../support/credentials.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { PASSWORD, startTestService, type TestService } from '../support/harness.js';
import { OauthDriver, pkce, REDIRECT } from '../support/oauth.js';
import {
  button,
  enter,
  focused,
  freshEmail,
  heading,
  leaving,
  signUp,
  tabTo,
} from '../support/person-at-page.js';

const SCOPE = 'notes:read notes:write';
const APPS = ['cursor://anysphere.cursor-mcp/oauth/callback', 'com.example.app:/callback'];
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

let postgres: DebianPostgres;
let service: TestService;
let oauth: OauthDriver;
let browser: Browser;
const seats: Seat[] = [];
const clients: WaitingClient[] = [];
beforeAll(async () => {
  [postgres, browser] = await Promise.all([startDebianPostgres(), launchChromium()]);
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
  oauth = new OauthDriver(service);
  rememberSecret(PASSWORD);
});
afterEach(async () => {
  const left = seats.splice(0);
  for (const seat of left) await seat.leave();
  for (const client of clients.splice(0)) client.stop();
  expect(left.flatMap(({ violations }) => violations)).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await service.stop();
  await postgres.stop();
});

async function seat(options?: BrowserContextOptions): Promise<Seat> {
  const taken = await takeSeat(browser, options);
  seats.push(taken);
  return taken;
}

/** A client that is registered and listens, and the URL that it opens. */
async function asking(host: string, from = oauth) {
  const client = await waitingClient(host);
  clients.push(client);
  const { redirectUri: redirect_uri, answers } = client;
  const { client_id } = await from.register({ client_name: 'Desk assistant', redirect_uris: [redirect_uri] });
  const { verifier, challenge } = pkce();
  return {
    answers,
    redirect: new RegExp(`^${redirect_uri.replaceAll('.', '\\.')}\\?`),
    url: from.authorizeUrl(client_id, challenge, { redirect_uri, scope: SCOPE }),
    redeem: (code: string | null | undefined) =>
      from.token({
        grant_type: 'authorization_code', code: code ?? '', code_verifier: verifier, client_id, redirect_uri,
      }), // prettier-ignore
  };
}

/** The URL of a client that answers are sent to, though nobody is there. */
async function elsewhere(redirect_uri: string): Promise<string> {
  const { client_id } = await oauth.register({ redirect_uris: [redirect_uri] });
  return oauth.authorizeUrl(client_id, pkce().challenge, { redirect_uri, scope: SCOPE });
}

/** A port that is known before the service behind it has one: its public URL names it. */
async function openDoor() {
  let inside = 0;
  const server = createServer((socket) => {
    const inner = connect(inside, '127.0.0.1');
    socket.pipe(inner).pipe(socket);
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port: number) => {
      inside = port;
    },
    close: () => server.close(),
  };
}

async function deviceBegins() {
  const { client_id } = await oauth.register({
    client_name: 'Screen',
    grant_types: [DEVICE, 'refresh_token'],
  });
  const begun = await service.call('POST', '/oauth/device_authorization', {
    body: new URLSearchParams({ client_id, scope: SCOPE }).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  const { user_code, device_code, verification_uri } = begun.body as Record<string, string>;
  return {
    userCode: user_code ?? '',
    page: verification_uri ?? '',
    poll: () => oauth.token({ grant_type: DEVICE, device_code: device_code ?? '', client_id }),
  };
}

describe('without JavaScript', () => {
  test('a newcomer signs up on the way, unticks a scope, and the client gets the rest', async () => {
    const { page } = await seat();
    const client = await asking('127.0.0.1');
    await page.goto(client.url);
    expect(await heading(page)).toBe('Sign in');
    await signUp(page);
    expect(await heading(page)).toContain('Desk assistant');
    await page.getByRole('checkbox', { name: /notes:write/ }).uncheck();
    await button(page, 'Allow').click();
    await page.waitForURL(client.redirect);
    const [answer] = client.answers;
    expect(answer?.get('state')).toBe('st/a=te==');
    expect(answer?.get('iss')).toBe(service.config.issuer);
    const { status, body } = await client.redeem(answer?.get('code'));
    expect([status, body.scope]).toEqual([200, 'notes:read']);
  });

  test('a person signs out, is refused with a wrong password, and signs in with the right one', async () => {
    const { page } = await seat();
    await page.goto(`${service.url}/login`);
    const email = await signUp(page);
    expect(await heading(page)).toBe('You are signed in');
    await button(page, 'Sign out').click();
    expect(await heading(page)).toBe('You are signed out');
    await page.goto(`${service.url}/account`);
    expect(page.url()).toBe(`${service.url}/login`);
    await enter(page, email, 'not-this-one-either', 'Sign in');
    expect(await page.title()).toBe('Error: Sign in - Toolgate');
    expect(await page.locator('#errors:focus').innerText()).toContain('wrong');
    await enter(page, email, PASSWORD, 'Sign in');
    expect(await heading(page)).toBe('You are signed in');
  });

  test('a person denies, and the client hears it', async () => {
    const { page } = await seat();
    const client = await asking('127.0.0.1');
    await page.goto(client.url);
    await signUp(page);
    await button(page, 'Deny').click();
    await page.waitForURL(client.redirect);
    const [answer] = client.answers;
    expect(answer?.get('error')).toBe('access_denied');
    expect(answer?.get('iss')).toBe(service.config.issuer);
    expect(answer?.has('code')).toBe(false);
  });

  test('a device is connected by its code, after a mistyped one', async () => {
    const { page } = await seat();
    const device = await deviceBegins();
    await page.goto(device.page);
    await signUp(page);
    await page.goto(device.page);
    const code = page.getByLabel('The code your device shows');
    await code.fill('BBBB-BBBB');
    await button(page, 'Go on').click();
    expect(await page.title()).toBe('Error: Connect a device - Toolgate');
    await code.fill(device.userCode.toLowerCase());
    await button(page, 'Go on').click();
    expect(await page.getByText(device.userCode).count()).toBeGreaterThan(0);
    await button(page, 'Allow').click();
    expect(await heading(page)).toBe('Your device is connected');
    expect((await device.poll()).status).toBe(200);
  });

  test('an address that is not the client’s ends in a page, not there', async () => {
    const { page } = await seat();
    const client = await asking('127.0.0.1');
    const url = new URL(client.url);
    url.searchParams.set('redirect_uri', 'https://client.example/stolen');
    const response = await page.goto(url.href);
    expect(response?.status()).toBe(400);
    expect(page.url()).toBe(url.href);
    expect(await page.getByText('invalid_redirect_uri').count()).toBe(1);
  });

  test('a keyboard is enough: Tab, Space and Enter', async () => {
    const { page } = await seat();
    const client = await asking('127.0.0.1');
    await page.goto(client.url);
    await tabTo(page, page.getByRole('link', { name: 'Make one' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByLabel('E-mail address'));
    await page.keyboard.type(freshEmail());
    await tabTo(page, page.getByLabel('Password'));
    await page.keyboard.type(PASSWORD);
    await tabTo(page, button(page, 'Make the account'));
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/consent\?/);
    await page.keyboard.press('Tab');
    expect(await focused(page, page.getByRole('link', { name: 'Skip to your decision' }))).toBe(true);
    const write = page.getByRole('checkbox', { name: /notes:write/ });
    await tabTo(page, write);
    await page.keyboard.press('Space');
    expect(await write.isChecked()).toBe(false);
    await tabTo(page, button(page, 'Allow'));
    await page.keyboard.press('Enter');
    await page.waitForURL(client.redirect);
    const { body } = await client.redeem(client.answers[0]?.get('code'));
    expect(body.scope).toBe('notes:read');
  });
});

describe('the browser lets the answer go', () => {
  test.each(['127.0.0.1', 'localhost'])('to a client at %s', async (host) => {
    const { page } = await seat();
    const client = await asking(host);
    await page.goto(client.url);
    await signUp(page);
    await button(page, 'Allow').click();
    await page.waitForURL(client.redirect);
    expect((await client.redeem(client.answers[0]?.get('code'))).status).toBe(200);
  });

  test.each([REDIRECT, 'http://[::1]:49152/callback', ...APPS])('to %s', async (redirectUri) => {
    const { page } = await seat();
    await page.goto(await elsewhere(redirectUri));
    await signUp(page);
    expect(await leaving(page, redirectUri, 'Allow')).toMatch(/^tgo_/);
  });

  test('from the sign-in straight to a website that is allowed already', async () => {
    const { page, context } = await seat();
    const url = await elsewhere(REDIRECT);
    await page.goto(url);
    const email = await signUp(page);
    await leaving(page, REDIRECT, 'Allow');
    const later = await context.newPage();
    await later.goto(`${service.url}/account`);
    await button(later, 'Sign out').click();
    await later.goto(url);
    await later.getByLabel('E-mail address').fill(email);
    await later.getByLabel('Password').fill(PASSWORD);
    expect(await leaving(later, REDIRECT, 'Sign in')).toMatch(/^tgo_/);
  });

  test('and would not, had the page not named where it leads', async () => {
    const own = await takeSeat(browser);
    const { page, context, violations } = own;
    const client = await asking('127.0.0.1');
    await page.goto(client.url);
    await signUp(page);
    await context.route(/\/consent\?/, async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      const policy = headers['content-security-policy'] ?? '';
      headers['content-security-policy'] = policy.replace(/form-action [^;]*/, "form-action 'self'");
      await route.fulfill({ response, headers });
    });
    await page.reload();
    const blocked = page.waitForEvent('console');
    await button(page, 'Allow').click();
    await blocked;
    expect(violations).toEqual([expect.stringContaining('form-action')]);
    expect(client.answers).toEqual([]);
    await own.leave();
  });
});

test.each(['127.0.0.1', 'localhost'])('over http the cookies work on %s', async (host) => {
  const door = await openDoor();
  const publicUrl = `http://${host}:${door.port}`;
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  const behind = await startTestService({ databaseUrl, publicUrl });
  door.leadTo(behind.config.PORT);
  const { page, context } = await seat();
  const client = await asking('127.0.0.1', new OauthDriver({ ...behind, url: publicUrl }));
  await page.goto(client.url);
  await signUp(page);
  await button(page, 'Allow').click();
  await page.waitForURL(client.redirect);
  const cookies = (await context.cookies(publicUrl)).map(({ name, path, httpOnly, sameSite, secure }) => ({
    name, path, httpOnly, sameSite, secure,
  })); // prettier-ignore
  const kept = { path: '/', httpOnly: true, sameSite: 'Lax', secure: false };
  expect(cookies.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: 'toolgate-browser', ...kept },
    { name: 'toolgate-login', ...kept },
  ]);
  await behind.stop();
  door.close();
});

test('axe finds nothing on any page, light and dark, on phone and desktop', async () => {
  // axe is a script, and the pages allow none.
  const { page } = await seat({ javaScriptEnabled: true, bypassCSP: true });
  const findings: string[] = [];
  const seen = new Set<string>();
  const look = async (name: string) => {
    seen.add(name);
    findings.push(...(await axeFindings(page)).map((finding) => `${name}: ${finding}`));
  };
  const cli = await asking('localhost');
  await page.goto(cli.url);
  await look('sign in');
  await page.getByRole('link', { name: 'Make one' }).click();
  await look('sign up');
  const email = freshEmail();
  await enter(page, email, 'password', 'Make the account');
  await look('sign up, refused');
  await enter(page, email, PASSWORD, 'Make the account');
  await look('consent for a program');
  await page.goto(await elsewhere(REDIRECT));
  await look('consent for a website');
  await page.goto(await elsewhere(APPS[0] ?? ''));
  await look('consent for an app');
  await page.goto(`${service.url}/oauth/authorize?client_id=nobody`);
  await look('error');
  for (const decision of ['Allow', 'Deny']) {
    const device = await deviceBegins();
    await page.goto(device.page);
    await look('device code');
    const code = page.getByLabel('The code your device shows');
    await code.fill('BBBB-BBBB');
    await button(page, 'Go on').click();
    await look('device code, refused');
    await code.fill(device.userCode);
    await button(page, 'Go on').click();
    await look('consent for a device');
    await button(page, decision).click();
    await look(`device, ${decision}`);
  }
  await page.goto(`${service.url}/account`);
  await look('signed in');
  await button(page, 'Sign out').click();
  await look('signed out');
  await page.goto(`${service.url}/login`);
  await enter(page, email, 'not-this-one-either', 'Sign in');
  await look('sign in, refused');
  expect(findings).toEqual([]);
  expect(seen.size).toBe(15);
}, 180_000);
