import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrate } from '../../src/database/migrate.js';
import { checksIn } from '../support/conformance-checks.js';
import { rememberSecret } from '../support/credentials.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { reservePort } from '../support/port.js';
import { startTestService, type TestService } from '../support/harness.js';
import { NpmPrograms } from '../support/npm-programs.js';
import { type Browser, OauthDriver, tickable } from '../support/oauth.js';

const ASKS = /^(http\S+\/oauth\/authorize\?\S+)\n/m;

let postgres: DebianPostgres;
let service: TestService;
let programs: NpmPrograms;
beforeAll(async () => {
  [postgres, programs] = await Promise.all([startDebianPostgres(), NpmPrograms.install()]);
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
}, 300_000);
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

/** What the suite asks a person to do: open its URL, and allow all of it. */
async function approve(browser: Browser, url: string): Promise<void> {
  const asked = await browser.go(url);
  const { location, text } = await browser.submit(asked, { decision: 'allow', scope: tickable(asked) });
  const code = location === null ? null : new URL(location).searchParams.get('code');
  if (location === null || code === null) throw new Error(`No code came back: ${location ?? text}`);
  rememberSecret(code);
  await fetch(location);
}

test('the public conformance suite finds nothing wrong with the authorization server', async () => {
  const oauth = new OauthDriver(service);
  const port = await reservePort();
  const { client_id } = await oauth.register({ redirect_uris: [`http://127.0.0.1:${port}/callback`] });
  const browser = await oauth.signedIn(await service.person());
  const { issuer, resource } = service.config;
  const results = join(programs.folder, 'authorization-results');
  const given = ['--url', issuer, '--client-id', client_id, '--resource', resource, '-p', String(port)];
  const refused = new AbortController();
  let approved = false;
  const { status, output } = await programs.conformance({
    args: ['authorization', ...given, '-o', results],
    signal: refused.signal,
    heard(said) {
      const url = ASKS.exec(said)?.[1];
      if (url === undefined || approved) return;
      approved = true;
      approve(browser, url).catch((error: unknown) => {
        refused.abort(error);
      });
    },
  });
  process.stdout.write(`${output.slice(output.indexOf('=== SUMMARY'))}\n`);
  const found = await checksIn(results);
  expect(found.filter((check) => check.status !== 'SUCCESS')).toEqual([]);
  expect({ status, approved, checks: found.length }).toEqual({ status: 0, approved: true, checks: 3 });
}, 120_000);
