import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer, toolNames } from '../support/guard-table.js';
import { startTestService, type TestService } from '../support/harness.js';

const scopes = { read: 'notes:read', write: 'notes:write' };
let service: TestService;
let server: GuardedServer;
let made: GuardCredentials;
beforeAll(async () => {
  service = await startTestService();
  const { resource } = service.config;
  server = {
    url: resource,
    resource,
    scopes,
    readTool: { name: 'notes_list', arguments: {} },
    writeTool: { name: 'notes_write', arguments: { title: 'From the table', body: '' } },
  };
  made = await makeGuardCredentials(service, resource, scopes);
});
afterAll(() => service.stop());

test.each(GUARD_TABLE)('the service and $name: $status', async (row) => {
  await checkGuardCase(row, server, made);
});

test('a reader is shown what it may call', async () => {
  expect(await toolNames(server, made.reader)).not.toContain('notes_write');
  expect(await toolNames(server, made.good)).toContain('notes_write');
});
