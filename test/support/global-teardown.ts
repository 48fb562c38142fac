import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { leaks } from './leaks.js';
import { databaseUrl, dump, queryOnce } from './postgres.js';

async function linesOf(directory: string): Promise<string[]> {
  const files = await readdir(directory);
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** The run's logs and databases are searched for every credential that the run used; one found fails the run. */
export default async function globalTeardown(): Promise<void> {
  const run = globalThis.toolgateTestRun;
  if (!run) return;
  const server = process.env['TOOLGATE_TEST_SERVER'] ?? '';
  const databases = (await readFile(join(run.directory, 'databases'), 'utf8')).split('\n').filter((name) => name !== '');
  try {
    const secrets = new Set(await linesOf(join(run.directory, 'secrets')));
    const logs = (await linesOf(join(run.directory, 'logs'))).join('\n');
    const found = leaks(secrets, logs).map((kind) => `${kind} in the log`);
    for (const name of databases) {
      found.push(...leaks(secrets, await dump(databaseUrl(server, name))).map((kind) => `${kind} in a database`));
    }
    process.stdout.write(
      `Searched ${logs.length} characters of log and ${databases.length} databases for ${secrets.size} secrets: ${found.length} found.\n`,
    );
    if (found.length > 0) throw new Error(`secrets leaked: ${[...new Set(found)].join(', ')}`);
  } finally {
    for (const name of [...databases, process.env['TOOLGATE_TEST_TEMPLATE'] ?? '']) {
      await queryOnce(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }
    await run.embedded?.stop();
    await rm(run.directory, { recursive: true, force: true });
  }
}
