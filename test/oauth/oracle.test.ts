import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';
import { CASES } from './oracle-cases.js';
import { oidcProvider, outcomeOf, type Subject, toolgate } from './oracle.js';

const DOCUMENT = new URL('../../docs/oracle.md', import.meta.url);

interface Difference {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

let service: TestService;
let us: Subject;
let oracle: Awaited<ReturnType<typeof oidcProvider>>;
const seen = new Map<string, { ours: string; theirs: string }>();
let explained: (Difference & { reason: string })[];

beforeAll(async () => {
  // Its advice for production.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  const env = { DEFAULT_USER_SCOPES: 'mcp:write admin', REGISTRATION_LIMIT_ADDRESS: '1000' };
  service = await startTestService({ env });
  us = await toolgate(service);
  oracle = await oidcProvider();
  for (const one of CASES) {
    const ours = await outcomeOf(await one.send(us), us);
    const theirs = await outcomeOf(await one.send(oracle.subject), oracle.subject);
    seen.set(one.name, { ours, theirs });
  }
  explained = (await readFile(DOCUMENT, 'utf8'))
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, name = '']) => /^(authorize|token|registration): /.test(name))
    .map(([, name = '', ours = '', theirs = '', reason = '']) => ({ name, ours, theirs, reason }));
});
afterAll(async () => {
  await oracle.stop();
  await service.stop();
});

test('every case has a name of its own, and they are between 60 and 150', () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
  expect([CASES.length >= 60, CASES.length <= 150]).toEqual([true, true]);
});

test('Toolgate and oidc-provider answer alike, but for what docs/oracle.md explains', () => {
  const differences = [...seen]
    .filter(([, { ours, theirs }]) => ours !== theirs)
    .map(([name, outcomes]) => ({ name, ...outcomes }));
  const rows = (list: Difference[]) => list.map(({ name, ours, theirs }) => `| ${name} | ${ours} | ${theirs} |`).sort();
  expect(rows(differences)).toEqual(rows(explained));
}); // prettier-ignore

test('every explanation says something', () => {
  expect(explained.filter(({ reason }) => reason.length < 15)).toEqual([]);
});

test('neither fails on its own side, and neither sends a browser to a stranger', () => {
  const ours = [...seen].filter(([, outcome]) => outcome.ours.startsWith('5'));
  expect(ours).toEqual([]);
});
