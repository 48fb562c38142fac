import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reservePort } from '../support/port.js';
import { migrate } from '../../src/database/migrate.js';
import { rememberSecret } from '../support/credentials.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { type Person, startTestService, type TestService } from '../support/harness.js';
import { NpmPrograms } from '../support/npm-programs.js';
import { type Browser, OauthDriver, tickable } from '../support/oauth.js';

const ASKS = /Please navigate to: (http\S+)\n/;

let postgres: DebianPostgres;
let service: TestService;
let programs: NpmPrograms;
let person: Person;
beforeAll(async () => {
  [postgres, programs] = await Promise.all([startDebianPostgres(), NpmPrograms.install()]);
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
  person = await service.person();
}, 300_000);
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

/** One run of the Inspector, at a home of its own; a browser does what it asks a person to do. */
async function inspect(args: string[], home: string, browser?: Browser) {
  const failed = new AbortController();
  let asked: string | undefined;
  // Without a terminal it signs in only where it may open a browser: here one that does nothing.
  const browserless = { MCP_AUTO_OPEN_ENABLED: 'true', BROWSER: 'true' };
  const env = { HOME: home, MCP_STORAGE_DIR: home, MCP_INSPECTOR_SECRET_STORE: 'file', ...browserless };
  const { status, stdout, output } = await programs.run(['@modelcontextprotocol', 'inspector', 'clients', 'launcher', 'build', 'index.js'], {
    args: ['--cli', '--server-url', service.config.resource, '--transport', 'http', '--format', 'json', ...args],
    env,
    signal: failed.signal,
    heard(said) {
      if (asked !== undefined || !browser) return;
      asked = ASKS.exec(said)?.[1];
      if (asked !== undefined) allow(browser, asked).catch((error: unknown) => { failed.abort(error); });
    },
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${status}\n${output}`);
  return { asked, text: stdout };
} // prettier-ignore

async function allow(browser: Browser, url: string): Promise<void> {
  const page = await browser.go(url);
  const { location, text } = page.location
    ? page
    : await browser.submit(page, { decision: 'allow', scope: tickable(page) });
  const code = location === null ? null : new URL(location).searchParams.get('code');
  if (location === null || code === null) throw new Error(`No code came back: ${location ?? text}`);
  rememberSecret(code);
  await fetch(location);
}

const home = () => mkdtemp(join(programs.folder, 'home-'));
const written = (text: string) => [
  '--method',
  'tools/call',
  '--tool-name',
  'notes_write',
  '--tool-args-json',
  JSON.stringify({ title: text, body: 'by the Inspector' }),
];

describe.each(['legacy', 'modern'])('MCP Inspector in the %s era', (era) => {
  const inEra = ['--protocol-era', era];

  test.each(['a JWT', 'an API key'])('lists and calls tools with %s in a header', async (kind) => {
    const made = await service.call('POST', '/keys', {
      bearer: person.accessToken,
      body: { name: `${era} ${kind}` },
    });
    const credential = kind === 'a JWT' ? person.accessToken : String(made.body.key);
    const args = [...inEra, '--header', `Authorization: Bearer ${credential}`];
    const folder = await home();
    const listed = await inspect([...args, '--method', 'tools/list'], folder);
    expect(listed.text).toContain('notes_write');
    const called = await inspect([...args, ...written(`${era} by ${kind}`)], folder);
    expect(called.text).toContain(`${era} by ${kind}`);
    expect([listed.asked, called.asked]).toEqual([undefined, undefined]);
  }, 120_000); // prettier-ignore

  test('signs in by OAuth, then lists and calls tools', async () => {
    const browser = await new OauthDriver(service).signedIn(person);
    const callback = ['--callback-url', `http://127.0.0.1:${await reservePort()}/oauth/callback`];
    const folder = await home();
    const listed = await inspect([...inEra, ...callback, '--method', 'tools/list'], folder, browser);
    expect(listed.asked).toContain('/oauth/authorize?');
    expect(listed.text).toContain('notes_write');
    const called = await inspect([...inEra, ...callback, ...written(`${era} by OAuth`)], folder, browser);
    expect(called.text).toContain(`${era} by OAuth`);
  }, 120_000);
});
