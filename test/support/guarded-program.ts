import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reservePort } from './port.js';
import { makeClient } from '../clients/operator.js';
import { enterResource, type GuardCredentials, makeGuardCredentials } from './guard-credentials.js';
import type { GuardedServer } from './guard-table.js';
import type { TestService } from './harness.js';
import { type NpmProcess, startProgram } from './npm-process.js';

/** Of the notes that the service itself serves, and every example. */
export const NOTES = {
  scopes: { read: 'notes:read', write: 'notes:write' },
  readTool: { name: 'notes_list', arguments: {} },
  writeTool: { name: 'notes_write', arguments: { title: 'From the table', body: '' } },
};

export interface GuardedProgram {
  readonly server: GuardedServer;
  readonly made: GuardCredentials;
  readonly process: NpmProcess;
}

/** Enters a server of notes at the service, and starts it with what it needs in its `.env`. */
export async function startGuarded(
  service: TestService,
  folder: string,
  command: readonly [string, ...string[]],
): Promise<GuardedProgram> {
  const port = String(await reservePort());
  const resource = `http://127.0.0.1:${port}/mcp`;
  await enterResource(service, resource, NOTES.scopes);
  const client = await makeClient(service, {
    client_name: folder,
    grant_types: ['client_credentials'],
    serves: [resource],
  });
  const env = {
    ISSUER: service.config.issuer,
    RESOURCE: resource,
    CLIENT_ID: client.client_id,
    CLIENT_SECRET: client.client_secret ?? '',
  };
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(folder, '.env'), lines.join(''));
  const process = await startProgram(folder, command, { PORT: port }, resource);
  const made = await makeGuardCredentials(service, resource, NOTES.scopes);
  return { server: { ...NOTES, url: resource, resource }, made, process };
}
