import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root, run } from './install.mjs';

const system = process.argv.includes('--system');
const bin = (path) => join(root, 'node_modules', path);
const node = (path, ...args) => run(process.execPath, [bin(path), ...args]);

await ensureInstalled();
const checks = [
  ['types', () => node('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')],
  ['lint', () => node('eslint/bin/eslint.js', '.', '--max-warnings', '0')],
  ['format', () => node('prettier/bin/prettier.cjs', '--check', '.', '--log-level', 'warn')],
  [
    'imports',
    () =>
      node(
        'dependency-cruiser/bin/dependency-cruise.mjs',
        'src',
        'migrations',
        '--config',
        '.dependency-cruiser.cjs',
      ),
  ],
  ['docs', () => run(process.execPath, [join(root, 'scripts', 'docs.mjs'), '--check'])],
];
await ensureBuilt();
if (!system) {
  for (const [name, check] of checks) {
    console.log(`\n== ${name}`);
    if (check() !== 0) process.exit(1);
  }
}

// After the build: these come from dist/.
const { default: pg } = await import('pg');
const { startEmbeddedPostgres } = await import('../dist/src/database/embedded-postgres.js');
const { migrate } = await import('../dist/src/database/migrate.js');
const { leaks } = await import('../test/support/leaks.mjs');

async function query(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
function databaseUrl(server, name) {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
async function dump(url) {
  const tables = await query(url, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
  const rows = [];
  for (const { name } of tables)
    rows.push(...(await query(url, `SELECT row_to_json(t)::text AS row FROM "${name}" t`)));
  return rows.map(({ row }) => row).join('\n');
}
async function textsOf(directory) {
  const files = await readdir(directory);
  return (await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))).join('\n');
}

/** One Postgres for the run, and in it one migrated database that every test file copies. */
const directory = await mkdtemp(join(tmpdir(), 'toolgate-test-'));
await mkdir(join(directory, 'logs'));
await mkdir(join(directory, 'secrets'));
await writeFile(join(directory, 'databases'), '');
const given = process.env.TEST_DATABASE_URL;
const embedded = given
  ? undefined
  : await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      passwordFile: join(directory, 'postgres-password'),
      settings: { fsync: 'off', max_connections: '300' },
    });
const server = given ?? embedded.url;
const template = `toolgate_template_${process.pid}`;
let status;
let databases = [];
try {
  await query(server, `CREATE DATABASE ${template}`);
  await migrate(databaseUrl(server, template));
  const extra = process.argv.slice(2).filter((argument) => argument !== '--system');
  status = run(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', bin('jest/bin/jest.js'), '--runInBand', ...extra],
    {
      env: {
        ...process.env,
        ...(system ? { TEST_SYSTEM: '1' } : {}),
        TOOLGATE_TEST_SERVER: server,
        TOOLGATE_TEST_DIRECTORY: directory,
        TOOLGATE_TEST_TEMPLATE: template,
      },
    },
  );

  // The run's logs and databases are searched for every credential that the run used; one found fails the run.
  databases = (await readFile(join(directory, 'databases'), 'utf8'))
    .split('\n')
    .filter((name) => name !== '');
  const secrets = new Set(
    (await textsOf(join(directory, 'secrets'))).split('\n').filter((line) => line !== ''),
  );
  const logs = await textsOf(join(directory, 'logs'));
  const found = leaks(secrets, logs).map((kind) => `${kind} in the log`);
  for (const name of databases)
    found.push(
      ...leaks(secrets, await dump(databaseUrl(server, name))).map((kind) => `${kind} in a database`),
    );
  console.log(
    `Searched ${logs.length} characters of log and ${databases.length} databases for ${secrets.size} secrets: ${found.length} found.`,
  );
  if (found.length > 0) {
    console.error([...new Set(found)].join('\n'));
    status = 1;
  }
} finally {
  for (const name of [...databases, template])
    await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await embedded?.stop();
  await rm(directory, { recursive: true, force: true });
}
process.exit(status);
