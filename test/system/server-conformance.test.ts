import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrate } from '../../src/database/migrate.js';
import { FixturesModule } from '../mcp/fixtures/fixtures.module.js';
import { checksIn } from '../support/conformance-checks.js';
import { startCredentialProxy } from '../support/credential-proxy.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { startTestService, type TestService } from '../support/harness.js';
import { NpmPrograms } from '../support/npm-programs.js';

let postgres: DebianPostgres;
let service: TestService;
let programs: NpmPrograms;
beforeAll(async () => {
  [postgres, programs] = await Promise.all([startDebianPostgres(), NpmPrograms.install()]);
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl, modules: [FixturesModule] });
}, 300_000);
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

const credentials: Record<string, () => Promise<[string, string]>> = {
  'a JWT': async () => ['authorization', `Bearer ${(await service.person()).accessToken}`],
  'an API key': async () => {
    const bearer = (await service.person()).accessToken;
    const made = await service.call('POST', '/keys', { bearer, body: { name: 'conformance' } });
    return ['x-api-key', made.body.key as string];
  },
};

/** The scenarios that the suite itself says a server of the revision must pass. */
async function required(revision: string): Promise<string[]> {
  const file = programs.at('@modelcontextprotocol', 'conformance', 'requirements', `${revision}.yaml`);
  const section = /^server:\n((?: {2}- \S+\n)+)/m.exec(await readFile(file, 'utf8'))?.[1] ?? '';
  return [...section.matchAll(/- (\S+)/g)].map(([, name = '']) => name).sort();
}

test.each([
  ['2026-07-28', 37, 'a JWT'],
  ['2026-07-28', 37, 'an API key'],
  ['2025-11-25', 30, 'a JWT'],
  ['2025-11-25', 30, 'an API key'],
])(
  'the public conformance suite for %s passes all %d scenarios with %s',
  async (revision, count, credential) => {
    const header = await credentials[credential]?.();
    if (!header) throw new Error(`no such credential: ${credential}`);
    const proxy = await startCredentialProxy(service.config.resource, header);
    const results = join(programs.folder, `server-${revision}-${header[0]}`);
    try {
      const args = ['server', '--url', proxy.url, '--requirements', revision, '-o', results];
      const { status, output } = await programs.conformance({ args });
      process.stdout.write(`${output.slice(output.indexOf('=== SUMMARY'))}\n`);
      expect(status).toBe(0);
    } finally {
      proxy.stop();
    }
    const scenarios = await required(revision);
    expect(scenarios).toHaveLength(count);
    const checks = await checksIn(results);
    const outcomes = scenarios.map((scenario) => {
      const own = checks.filter(({ scenario: folder }) => new RegExp(`^server-${scenario}-\\d{4}-`).test(folder));
      const wrong = own.filter((check) => ['FAILURE', 'WARNING'].includes(check.status));
      const right = own.filter((check) => check.status === 'SUCCESS');
      return { scenario, passed: right.length > 0, wrong };
    });
    expect(outcomes).toEqual(scenarios.map((scenario) => ({ scenario, passed: true, wrong: [] })));
  },
  180_000,
); // prettier-ignore
