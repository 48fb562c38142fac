import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingPrograms } from '../test/support/debian-programs.mjs';
import { ensureBuilt, ensureInstalled, root, run } from './install.mjs';
import { runChecks } from './test/checks.mjs';

const system = process.argv.includes('--system');

const missing = system ? missingPrograms() : [];
if (missing.length > 0) {
  console.error(missing.join('\n'));
  process.exit(1);
}
await ensureInstalled();
await ensureBuilt();
if (!system && !(await runChecks())) process.exit(1);

// After the build: this comes from dist/.
const { startServer } = await import('./test/server.mjs');
const { findSecrets } = await import('./test/secrets.mjs');

const directory = await mkdtemp(join(tmpdir(), 'toolgate-test-'));
// Postgres and pgbouncer refuse root and may have to pass through here as someone else.
await chmod(directory, 0o711);
for (const folder of ['logs', 'secrets', 'dumps', 'ports']) await mkdir(join(directory, folder));
// The system's tests bring the Postgres they are about.
const server = system ? undefined : await startServer(directory);
let status;
try {
  const extra = process.argv.slice(2).filter((argument) => argument !== '--system');
  status = run(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), ...extra],
    {
      env: {
        ...process.env,
        TEST_SYSTEM: system ? '1' : '',
        TOOLGATE_TEST_DIRECTORY: directory,
        ...server?.env,
      },
    },
  );
  await server?.dumpDatabases();
  if ((await findSecrets(directory)) > 0) status = 1;
} finally {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
}
process.exit(status);
