import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { reservePort } from '../support/port.js';
import { migrate } from '../../src/database/migrate.js';
import { Verification } from '../../src/gateway/microservice/verification.js';
import { rememberSecret } from '../support/credentials.js';
import { debianPrograms } from '../support/debian-programs.mjs';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import type { GuardedServer } from '../support/guard-table.js';
import { startTestService, type TestService } from '../support/harness.js';
import { ask, checkLikeHttp, MESSAGE_TABLE } from '../support/message-table.js';
import { operator } from '../support/operator.js';
import { startProgram, type StartedProgram } from '../support/program.js';

const scopes = { read: 'notes:read', write: 'notes:write' };
const password = randomBytes(24).toString('hex');
let postgres: DebianPostgres;
let port: number;
let broker: StartedProgram;
let service: TestService;
let replica: TestService;
let server: GuardedServer;
let made: GuardCredentials;
let caller: { client_id: string; client_secret: string };
let client: ClientProxy;
let plain: NatsConnection;

async function startBroker(): Promise<StartedProgram> {
  const config = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'nats.conf');
  const users = `authorization { user: toolgate, password: "${password}" }`;
  await writeFile(config, `listen: "127.0.0.1:${port}"\n${users}\n`, { mode: 0o600 });
  return startProgram(debianPrograms().natsServer, ['--config', config], async () => {
    const socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });
}

beforeAll(async () => {
  rememberSecret(password);
  postgres = await startDebianPostgres();
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  port = await reservePort();
  broker = await startBroker();
  const env = { MICROSERVICE_NATS_URL: `nats://toolgate:${password}@127.0.0.1:${port}` };
  service = await startTestService({ databaseUrl, env });
  const { masterKey, url: publicUrl } = service;
  replica = await startTestService({ databaseUrl, masterKey, publicUrl, env });
  const { resource } = service.config;
  server = {
    url: resource,
    resource,
    scopes,
    readTool: { name: 'notes_list', arguments: {} },
    writeTool: { name: 'notes_write', arguments: { title: 'From the table', body: '' } },
  };
  caller = await (await operator(service)).server(resource);
  made = await makeGuardCredentials(service, resource, scopes);
  const options = { servers: [`127.0.0.1:${port}`], user: 'toolgate', pass: password };
  client = ClientProxyFactory.create({
    transport: Transport.NATS,
    options: { ...options, maxReconnectAttempts: -1, reconnectTimeWait: 100 },
  });
  plain = await connect({ ...options, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
}, 120_000);
afterAll(async () => {
  await client.close();
  await plain.close();
  await replica.stop();
  await service.stop();
  await broker.stop();
  await postgres.stop();
});

const verify = (message: object) => ask(client, 'auth.verify', { ...caller, ...message });

test.each(MESSAGE_TABLE)('$name: $status, as over HTTP', async (row) => {
  await checkLikeHttp(row, server, made, verify);
});

test('a wrong secret is refused, and so is none', async () => {
  const question = { credential: made.good, resource: server.resource };
  const wrong = { ...question, client_id: caller.client_id, client_secret: 'guess' };
  expect((await ask(client, 'auth.verify', wrong)).error).toMatchObject({ status: 401 });
  expect((await ask(client, 'auth.verify', question)).error).toMatchObject({ status: 400 });
});

test('two replicas share the messages, and each message is answered once', async () => {
  const spies = [service, replica].map(({ app }) => jest.spyOn(app.get(Verification), 'verify'));
  const question = { ...caller, credential: made.good, resource: server.resource };
  const inbox = `replies.${randomBytes(8).toString('hex')}`;
  const replies: unknown[] = [];
  const subscription = plain.subscribe(inbox, {
    callback: (_error, message) => {
      replies.push(message.json());
    },
  });
  for (let n = 0; n < 100; n += 1) plain.publish('auth.verify', JSON.stringify(question), { reply: inbox });
  while (replies.length < 100) await new Promise((resolve) => setTimeout(resolve, 20));
  await plain.flush();
  subscription.unsubscribe();
  expect(replies).toHaveLength(100);
  const [ofOne = 0, ofOther = 0] = spies.map((spy) => spy.mock.calls.length);
  expect(ofOne + ofOther).toBe(100);
  expect(Math.min(ofOne, ofOther)).toBeGreaterThan(0);
});

test('a client in another language sends the data alone', async () => {
  const question = JSON.stringify({ ...caller, token: made.good });
  const reply = await plain.request('auth.introspect', question, { timeout: 5000 });
  expect(reply.json()).toMatchObject({ response: { active: true, aud: server.resource } });
});

test.each([
  ['no JSON', 'hello'],
  ['a text', '"hello"'],
  ['nothing', ''],
  ['too much', JSON.stringify({ client_id: 'x'.repeat(300_000) })],
])('what is no question is told so: %s', async (_name, text) => {
  const reply = await plain.request('auth.verify', text, { timeout: 5000 });
  expect(reply.json()).toMatchObject({ err: { status: 400, error: 'invalid_request' } });
});

test('the service and its clients go on after the broker was gone', async () => {
  await broker.stop();
  broker = await startBroker();
  const question = { credential: made.good, resource: server.resource };
  for (;;) {
    const { answer } = await verify(question);
    if (answer?.allowed === true) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

test('a stop answers what came, and the other replica takes the rest', async () => {
  const question = { credential: made.good, resource: server.resource };
  const asked = Array.from({ length: 200 }, () => verify(question));
  const env = { MICROSERVICE_NATS_URL: service.config.MICROSERVICE_NATS_URL ?? '' };
  const { databaseUrl, masterKey, url: publicUrl } = service;
  await replica.stop();
  expect((await Promise.all(asked)).every(({ answer }) => answer?.allowed === true)).toBe(true);
  expect((await verify(question)).answer).toMatchObject({ allowed: true });
  replica = await startTestService({ databaseUrl, masterKey, publicUrl, env });
});

test('a wrong password for the broker ends the start, and is not said', async () => {
  const wrong = randomBytes(24).toString('hex');
  const env = { MICROSERVICE_NATS_URL: `nats://toolgate:${wrong}@127.0.0.1:${port}` };
  const { databaseUrl, masterKey, url: publicUrl } = service;
  const failed: unknown = await startTestService({ databaseUrl, masterKey, publicUrl, env }).catch(
    (error: unknown) => error,
  );
  expect(String(failed)).toMatch(/NATS at 127\.0\.0\.1:\d+ \(MICROSERVICE_NATS_URL\) cannot be used/);
  expect(String(failed)).not.toContain(wrong);
});
