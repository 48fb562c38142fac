import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { reservePort } from '../support/port.js';
import { migrate } from '../../src/database/migrate.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { makeGuardCredentials } from '../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, guardAnswer, toolNames } from '../support/guard-table.js';
import { type GuardedProgram, NOTES, startGuarded } from '../support/guarded-program.js';
import { startTestService, type TestService } from '../support/harness.js';
import { startProgram } from '../support/npm-process.js';
import { installExample, newFolder, packToolgate, run } from '../support/packed.js';

jest.setTimeout(600_000);

const EXAMPLES = ['sdk-node', 'nest-11-express', 'nest-12-fastify'];
/** Each Nest with the other way to give the module its options, in place of the one that its example shows. */
const OTHER_WAYS: Record<string, { of: string; shown: RegExp; instead: string }> = {
  'nest-11-express, forRootAsync': {
    of: 'nest-11-express',
    shown: /ToolgateModule\.forRoot\((\{.*?\n {4}\})\)/s,
    instead: 'ToolgateModule.forRootAsync({ useFactory: () => Promise.resolve($1) })',
  },
  'nest-12-fastify, forRoot': {
    of: 'nest-12-fastify',
    shown: /ToolgateModule\.forRootAsync\(\{.*?\n {4}\}\)/s,
    instead: 'ToolgateModule.forRoot(new Settings().toolgate)',
  },
};
/** Introspection tells that a key is not active, and must not tell why (RFC 7662 section 2.2). */
const SAID_AS: Record<string, string> = { 'an expired key': 'a revoked key' };
const NAMES = [...EXAMPLES, ...Object.keys(OTHER_WAYS)];

let postgres: DebianPostgres;
let service: TestService;
let home: string;
const ofTheService = new Map<string, Awaited<ReturnType<typeof guardAnswer>>>();
const programs = new Map<string, GuardedProgram>();

/** The same example and packages, but for the words that give the module its options. */
async function inAnotherWay(name: string): Promise<string> {
  const { of, shown, instead } = OTHER_WAYS[name] ?? { of: '', shown: /^/, instead: '' };
  const [example, folder] = [join(home, 'examples', of), join(home, 'examples', name.replace(', ', '-'))];
  for (const part of ['src', 'package.json', 'tsconfig.json'])
    await cp(join(example, part), join(folder, part), { recursive: true });
  await symlink(join(example, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'src/app.module.ts');
  const before = await readFile(file, 'utf8');
  const after = before.replace(shown, instead);
  expect(after).not.toBe(before);
  await writeFile(file, after);
  return folder;
}

async function askTheService(): Promise<void> {
  const { resource } = service.config;
  const server = { ...NOTES, url: resource, resource };
  const made = await makeGuardCredentials(service, resource, NOTES.scopes);
  for (const row of GUARD_TABLE) ofTheService.set(row.name, await guardAnswer(row, server, made));
}

beforeAll(async () => {
  home = await newFolder('examples');
  postgres = await startDebianPostgres();
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
  await packToolgate(home);
  await Promise.all(EXAMPLES.map((name) => installExample(home, name)));
  await askTheService();
  await Promise.all(
    NAMES.map(async (name) => {
      const folder = name in OTHER_WAYS ? await inAnotherWay(name) : join(home, 'examples', name);
      programs.set(name, await startGuarded(service, folder, ['npm', 'start']));
    }),
  );
});
afterAll(async () => {
  for (const { process } of programs.values()) await process.stop();
  await service.stop();
  await postgres.stop();
});

describe.each(NAMES)('%s', (name) => {
  const example = (): GuardedProgram => {
    const found = programs.get(name);
    if (!found) throw new Error(`${name} did not start`);
    return found;
  };

  test.each(GUARD_TABLE)('$name: $status', async (row) => {
    await checkGuardCase(row, example().server, example().made);
  });

  test('every answer is the one that the service gives at its own /mcp, word by word', async () => {
    const { server, made } = example();
    for (const row of GUARD_TABLE) {
      const expected = ofTheService.get(SAID_AS[row.name] ?? row.name);
      expect([row.name, await guardAnswer(row, server, made)]).toEqual([row.name, expected]);
    }
  });

  test('a reader is shown what it may call', async () => {
    const { server, made } = example();
    expect([await toolNames(server, made.reader), (await toolNames(server, made.good)).sort()]).toEqual([
      ['notes_list'],
      ['notes_list', 'notes_write'],
    ]);
  });

  test('a tool knows who called', async () => {
    const { server, made } = example();
    const { sub } = JSON.parse(Buffer.from(made.good.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${made.good}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: server.readTool }),
    });
    expect(await answer.text()).toContain(`\\"by\\":\\"${sub}\\"`);
  }); // prettier-ignore

  test('the metadata leads to the service', async () => {
    const { server } = example();
    const url = new URL('/.well-known/oauth-protected-resource/mcp', server.url);
    expect(await (await fetch(url)).json()).toEqual({
      resource: server.resource,
      authorization_servers: [service.config.issuer],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes',
    });
  });

  if (name.startsWith('nest'))
    test('its own routes: @Public, @RequireScope and @Caller', async () => {
      const { server, made } = example();
      const at = async (path: string, credential?: string) => {
        const headers: Record<string, string> = credential ? { Authorization: `Bearer ${credential}` } : {};
        const response = await fetch(new URL(path, server.url), { headers });
        return [response.status, response.status === 200 ? await response.json() : undefined];
      };
      expect(await at('/health')).toEqual([200, { ok: true }]);
      expect(await at('/me')).toEqual([401, undefined]);
      expect(await at('/me', made.readerKey)).toEqual([200, { kind: 'api_key', scopes: ['notes:read'] }]);
    });
});

test('an example from nothing, as its README says: enter it, start Toolgate from the package, start it', async () => {
  const folder = join(home, 'examples', 'sdk-node');
  const [port, servicePort] = [String(await reservePort()), String(await reservePort())];
  const env = { DATA_DIR: join(await newFolder('data'), 'toolgate'), PORT: servicePort };
  const { scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    scripts: Record<'enter' | 'toolgate', string>;
  };
  await run(folder, ['npm', 'exec', '-c', scripts.enter.replace('3000', port)], { env });
  const issuer = `http://localhost:${servicePort}`;
  const resource = `http://localhost:${port}/mcp`;
  const toolgate = await startProgram(folder, ['npm', 'run', 'toolgate'], env, `${issuer}/readyz`);
  const example = await startProgram(folder, ['npm', 'start'], { PORT: port }, resource);
  try {
    const post = async (url: string, body: object, headers: Record<string, string> = {}) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
        body: JSON.stringify(body),
      }); // prettier-ignore
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    const field = (text: string, name: string) => (JSON.parse(text) as Record<string, string>)[name] ?? '';
    const login = { email: 'ada@example.com', password: 'a long sentence that nobody else has thought of' };
    expect((await post(`${issuer}/auth/register`, login)).status).toBe(201);
    const token = field((await post(`${issuer}/auth/login`, login)).text, 'access_token');
    const wanted = { name: 'reader', resource, scopes: ['notes:read'] };
    const made = await post(`${issuer}/keys`, wanted, { Authorization: `Bearer ${token}` });
    const key = { 'X-API-Key': field(made.text, 'key') };
    const call = (name: string) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: { title: 'x' } },
    });
    const refused = await post(resource, call('notes_list'));
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer resource_metadata="http://localhost:${port}/.well-known/oauth-protected-resource/mcp", scope="notes:read notes:write"`,
    ]);
    expect(await post(resource, call('notes_list'), key)).toMatchObject({
      status: 200,
      text: expect.stringContaining('"result"'),
    });
    expect((await post(resource, call('notes_write'), key)).status).toBe(403);
  } finally {
    await example.stop();
    await toolgate.stop();
  }
});
