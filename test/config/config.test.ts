import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '../../src/config/config.js';

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const DATABASE_URL = 'postgres://someone:a-password@db.example:5433/auth';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
const namesOf = (env: Record<string, string>) => problemsOf(env).map((problem) => problem.split(' ')[0]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'toolgate-config-'));
});
afterAll(() => rm(folder, { recursive: true }));
async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

test('nothing need be set, and what is set to nothing counts as unset', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({
    issuer: 'http://localhost:4000',
    resource: 'http://localhost:4000/mcp',
    ACCESS_TOKEN_TTL: 900,
    masterKey: undefined,
  });
  expect(loadConfig({ PORT: '', DATABASE_URL: '', MASTER_KEY: '', MASTER_KEY_FILE: '' })).toEqual(config);
});

describe('bad variables', () => {
  const bad = {
    NODE_ENV: 'bad-staging',
    PORT: '70000',
    PUBLIC_URL: 'https://bad-public.example/',
    DATABASE_URL: 'mysql://bad:bad-password@bad-host/db',
    DATABASE_POOL_SIZE: 'bad-8',
    DATABASE_PREPARED_STATEMENTS: 'bad-yes',
    MASTER_KEY: 'bad-key',
    SIGNING_ALGORITHM: 'bad-HS256',
    ACCESS_TOKEN_TTL: '1e3',
    REFRESH_REPLAY_WINDOW: '-1',
    LOG_LEVEL: 'bad-verbose',
  };

  test('are all named at once', () => {
    expect(namesOf(bad)).toEqual(Object.keys(bad));
  });

  test('are named without a value', () => {
    expect(() => loadConfig(bad)).toThrow(/^The configuration is not usable:\n/);
    const said = problemsOf(bad).join('\n');
    for (const value of Object.values(bad)) expect(said).not.toContain(value);
    expect(said).not.toContain('bad-');
  });

  test.each([
    ['PUBLIC_URL', 'https://id.example/?a=b'],
    ['PUBLIC_URL', 'ftp://id.example'],
    ['PUBLIC_URL', 'id.example'],
    ['MASTER_KEY', `${MASTER_KEY}AAAA`],
    ['DATABASE_POOL_SIZE', '1'],
    ['PORT', ' 4000'],
  ])('%s may not be %j', (name, value) => {
    expect(namesOf({ [name]: value })).toEqual([name]);
  });
});

describe('a secret', () => {
  test('may come from a file, whose last newline does not count', async () => {
    const { masterKey, DATABASE_URL: url } = loadConfig({
      MASTER_KEY_FILE: await file('key', `${MASTER_KEY}\n`),
      DATABASE_URL_FILE: await file('url', `${DATABASE_URL}\r\n`),
    });
    expect(masterKey).toEqual(Buffer.alloc(32, 7));
    expect(url).toBe(DATABASE_URL);
  });

  test('given twice, in a file that is not there or wrongly in one that is, is named and not shown', async () => {
    const both = { MASTER_KEY, MASTER_KEY_FILE: await file('same', MASTER_KEY) };
    expect(problemsOf(both)).toEqual(['MASTER_KEY and MASTER_KEY_FILE are both set; keep one']);
    const absent = { DATABASE_URL_FILE: join(folder, 'absent') };
    expect(problemsOf(absent)).toEqual(['DATABASE_URL_FILE cannot be read']);
    const wrong = { MASTER_KEY_FILE: await file('wrong', 'hunter2') };
    expect(problemsOf(wrong)).toEqual(['MASTER_KEY must be 32 bytes in base64']);
  });

  test('alone may: other settings are not read from files', async () => {
    expect(loadConfig({ PORT_FILE: await file('port', '5000') }).PORT).toBe(4000);
  });
});

describe('in production', () => {
  const production = { NODE_ENV: 'production', MASTER_KEY, DATABASE_URL, PUBLIC_URL: 'https://id.example' };

  test('a master key, a database and https are required, and all that is missing is named', () => {
    expect(problemsOf(production)).toEqual([]);
    expect(namesOf({ NODE_ENV: 'production', PUBLIC_URL: 'http://id.example' })).toEqual([
      'MASTER_KEY',
      'DATABASE_URL',
      'PUBLIC_URL',
    ]);
  });

  test.each(['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000'])(
    '%s needs no https: it does not leave the machine',
    (PUBLIC_URL) => {
      expect(problemsOf({ ...production, PUBLIC_URL })).toEqual([]);
    },
  );

  test.each(['http://localhost.example', 'http://127.0.0.1.example', 'http://10.0.0.1'])(
    '%s is not this machine',
    (PUBLIC_URL) => {
      expect(namesOf({ ...production, PUBLIC_URL })).toEqual(['PUBLIC_URL']);
    },
  );
});

test('what was loaded cannot be changed', () => {
  const config = loadConfig({ MASTER_KEY });
  expect(Object.isFrozen(config)).toBe(true);
  expect(() => Object.assign(config, { issuer: 'https://evil.example' })).toThrow(TypeError);
});
