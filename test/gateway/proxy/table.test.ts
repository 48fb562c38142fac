import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type GuardCredentials, makeGuardCredentials } from '../../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer, toolNames } from '../../support/guard-table.js';
import { startTestService, type TestService } from '../../support/harness.js';
import { guardBefore, type GuardUnderTest, speaking, Upstream } from './support.js';

const scopes = { read: 'behind:read', write: 'behind:write' };
let service: TestService;
let upstream: Upstream;
beforeAll(async () => {
  service = await startTestService();
  upstream = await new Upstream().start();
  upstream.answering = speaking();
});
afterAll(async () => {
  await upstream.crash();
  await service.stop();
});

const TARGETS = {
  'a server over HTTP': () => ({ url: upstream.url }),
  'a server over standard streams': () => ({
    command: process.execPath,
    args: [join(import.meta.dirname, 'stdio-server.mjs')],
    env: {},
  }),
};

describe.each(Object.entries(TARGETS))('a guard before %s', (_name, target) => {
  let guard: GuardUnderTest;
  let server: GuardedServer;
  let made: GuardCredentials;
  beforeAll(async () => {
    guard = await guardBefore(service, target());
    server = {
      url: guard.resource,
      resource: guard.resource,
      scopes,
      readTool: { name: 'look', arguments: {} },
      writeTool: { name: 'change', arguments: {} },
    };
    made = await makeGuardCredentials(service, guard.resource, scopes);
  });
  afterAll(() => guard.close());

  test.each(GUARD_TABLE)('$name: $status', async (row) => {
    await checkGuardCase(row, server, made);
  });

  test('a reader is shown what it may call', async () => {
    expect(await toolNames(server, made.reader)).not.toContain('change');
    expect(await toolNames(server, made.good)).toContain('change');
  });
});
