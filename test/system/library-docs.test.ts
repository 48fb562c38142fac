import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { migrate } from '../../src/database/migrate.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { checkGuardCase, GUARD_TABLE, toolNames } from '../support/guard-table.js';
import { type GuardedProgram, startGuarded } from '../support/guarded-program.js';
import { startTestService, type TestService } from '../support/harness.js';
import { installInto, newFolder, packToolgate, run } from '../support/packed.js';

jest.setTimeout(600_000);

const ROOT = join(import.meta.dirname, '../..');
const SERVERS = ['node', 'express', 'fastify'];
const OPEN = ['express', 'fastify'];
const PACKAGES = [
  '@modelcontextprotocol/core@2.4.0',
  '@modelcontextprotocol/node@2.1.2',
  '@modelcontextprotocol/server@2.4.0',
  '@types/express@5.0.6',
  '@types/node@20.19.43',
  'express@5.3.0',
  'fastify@5.12.8',
  'typescript@6.0.3',
  'zod@4.6.7',
];
const COMPILER = {
  target: 'ES2023',
  module: 'nodenext',
  rootDir: '.',
  outDir: 'dist',
  types: ['node'],
  strict: true,
  noUnusedLocals: false,
  skipLibCheck: true,
};

/** The blocks of a document that name a file, by that name. */
async function blocksOf(document: string): Promise<[name: string, text: string][]> {
  const markdown = await readFile(join(ROOT, document), 'utf8');
  return [...markdown.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [
    name,
    text,
  ]);
}

let folder: string;
let postgres: DebianPostgres;
let service: TestService;
beforeAll(async () => {
  folder = await newFolder('library-docs');
  postgres = await startDebianPostgres();
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
  await installInto(folder, [await packToolgate(folder), ...PACKAGES]);
});
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

test('what is shown compiles', async () => {
  const blocks = [...(await blocksOf('docs/library.md')), ...(await blocksOf('README.md'))];
  const own = blocks.filter(([name]) => !name.startsWith('../'));
  expect(own.map(([name]) => name)).toEqual(
    expect.arrayContaining(['guard.ts', 'mcp.ts', 'server.ts', ...SERVERS.map((name) => `${name}.ts`)]),
  );
  for (const [name, text] of own) await writeFile(join(folder, name), text);
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: COMPILER, include: ['*.ts'] }),
  );
  await run(folder, ['npx', 'tsc']);
});

test('what is shown of the examples is what they are', async () => {
  const shown = (await blocksOf('docs/library.md')).filter(([name]) => name.startsWith('../'));
  expect(shown.length).toBeGreaterThan(0);
  for (const [name, text] of shown) expect(text).toBe(await readFile(join(ROOT, 'docs', name), 'utf8'));
});

describe.each(SERVERS)('the server shown for %s', (name) => {
  let program: GuardedProgram;
  beforeAll(async () => {
    const home = join(folder, name);
    await mkdir(home);
    program = await startGuarded(service, home, ['node', '--env-file=.env', `../dist/${name}.js`]);
  });
  afterAll(() => program.process.stop());

  test.each(GUARD_TABLE)('$name: $status', async (row) => {
    await checkGuardCase(row, program.server, program.made);
  });

  test('a reader is shown what it may call', async () => {
    expect(await toolNames(program.server, program.made.reader)).toEqual(['notes_list']);
    expect((await toolNames(program.server, program.made.good)).sort()).toEqual([
      'notes_list',
      'notes_write',
    ]);
  });

  test(OPEN.includes(name) ? 'a route before the guard is open' : 'every path is closed', async () => {
    const { status } = await fetch(new URL('/health', program.server.url));
    expect(status).toBe(OPEN.includes(name) ? 200 : 401);
  });
});
