import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrate } from '../../src/database/migrate.js';
import { rememberSecret } from '../support/credentials.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { freePort } from '../../src/database/free-port.js';
import { startTestService, type TestService } from '../support/harness.js';
import { type Browser, OauthDriver, tickable } from '../support/oauth.js';

/** The suite of the Model Context Protocol's makers, and the Node it needs: neither is a dependency of ours. */
const PACKAGES = ['node@24', '@modelcontextprotocol/conformance@0.2.0-alpha.12'];
const ASKS = /^(http\S+\/oauth\/authorize\?\S+)\n/m;
const folder = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'conformance');

let postgres: DebianPostgres;
let service: TestService;
let modules: string;
beforeAll(async () => {
  [postgres, modules] = await Promise.all([startDebianPostgres(), install()]);
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
}, 300_000);
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

interface Program {
  readonly args: readonly string[];
  readonly signal?: AbortSignal;
  /** Is told all that it has said so far. */
  readonly heard?: (output: string) => void;
}

async function run(command: string, { args, signal, heard }: Program) {
  const child = spawn(command, args, { signal, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += stripVTControlCharacters(chunk.toString());
      heard?.(output);
    });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

/** Into the run's own folder, which is removed at its end. */
async function install(): Promise<string> {
  await mkdir(folder);
  const args = ['install', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', ...PACKAGES];
  const { status, output } = await run('npm', { args });
  if (status !== 0) throw new Error(`npm install ${PACKAGES.join(' ')}:\n${output}`);
  return join(folder, 'node_modules');
}

/** What the suite asks a person to do: open its URL, and allow all of it. */
async function approve(browser: Browser, url: string): Promise<void> {
  const asked = await browser.go(url);
  const { location, text } = await browser.submit(asked, { decision: 'allow', scope: tickable(asked) });
  const code = location === null ? null : new URL(location).searchParams.get('code');
  if (location === null || code === null) throw new Error(`No code came back: ${location ?? text}`);
  rememberSecret(code);
  await fetch(location);
}

async function checks(results: string): Promise<{ id: string; status: string; errorMessage?: string }[]> {
  const files = await readdir(results, { recursive: true });
  const read = files
    .filter((file) => file.endsWith('checks.json'))
    .map(async (file) => JSON.parse(await readFile(join(results, file), 'utf8')));
  return (await Promise.all(read)).flat();
}

test('the public conformance suite finds nothing wrong with the authorization server', async () => {
  const oauth = new OauthDriver(service);
  const port = await freePort();
  const { client_id } = await oauth.register({ redirect_uris: [`http://127.0.0.1:${port}/callback`] });
  const browser = await oauth.signedIn(await service.person());
  const { issuer, resource } = service.config;
  const results = join(folder, 'results');
  const suite = join(modules, '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
  const given = ['--url', issuer, '--client-id', client_id, '--resource', resource, '-p', String(port)];
  const refused = new AbortController();
  let approved = false;
  const { status, output } = await run(join(modules, '.bin', 'node'), {
    args: [suite, 'authorization', ...given, '-o', results],
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
  const found = await checks(results);
  expect(found.filter((check) => check.status !== 'SUCCESS')).toEqual([]);
  expect({ status, approved, checks: found.length }).toEqual({ status: 0, approved: true, checks: 3 });
}, 120_000);
