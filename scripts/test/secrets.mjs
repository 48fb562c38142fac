import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { leaks } from '../../test/support/leaks.mjs';

async function textsIn(directory) {
  const files = await readdir(directory);
  return Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
}

/** The run's logs and databases are searched for every credential that the run used; one found fails the run. */
export async function findSecrets(directory) {
  const used = (await textsIn(join(directory, 'secrets'))).join('\n').split('\n');
  const secrets = new Set(used.filter((line) => line !== ''));
  const logs = (await textsIn(join(directory, 'logs'))).join('\n');
  const dumps = await textsIn(join(directory, 'dumps'));
  const found = [
    ...leaks(secrets, logs).map((kind) => `${kind} in the log`),
    ...dumps.flatMap((dump) => leaks(secrets, dump)).map((kind) => `${kind} in a database`),
  ];
  console.log(
    `Searched ${logs.length} characters of log and ${dumps.length} databases for ${secrets.size} secrets: ${found.length} found.`,
  );
  if (found.length > 0) console.error([...new Set(found)].join('\n'));
  return found.length;
}
