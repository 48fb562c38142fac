import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { createDatabase } from '../support/postgres.js';

test('every generated document is up to date', async () => {
  const script = join(import.meta.dirname, '../../scripts/docs.mjs');
  const env = { ...process.env, DOCS_DATABASE_URL: await createDatabase() };
  await expect(promisify(execFile)(process.execPath, [script, '--check'], { env })).resolves.toMatchObject({
    stdout: '',
  });
});
