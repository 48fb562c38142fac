import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { type ClientProxy, MessagePattern, Payload } from '@nestjs/microservices';
import pg from 'pg';
import { Public, RequireScope } from '../../../src/access/decorators.js';
import { loadConfig } from '../../../src/config/config.js';
import { reservePort } from '../../support/port.js';
import { AuditTrail } from '../../../src/ops/audit/audit-trail.js';
import { startService } from '../../../src/service.js';
import { type GuardCredentials, makeGuardCredentials } from '../../support/guard-credentials.js';
import type { GuardedServer } from '../../support/guard-table.js';
import { startTestService, type TestService } from '../../support/harness.js';
import { ask, checkLikeHttp, MESSAGE_TABLE, type Reply } from '../../support/message-table.js';
import { selfSigned } from '../../outbound/self-signed.js';
import { operator } from '../../support/operator.js';
import { createDatabase, queryOnce } from '../../support/postgres.js';
import { portOf, TCP, tcpClient, until } from './support.js';

/** Handlers whose author forgot to say who may send to them, or said it in words that are for requests. */
@Controller()
class Unmarked {
  @MessagePattern('test.unmarked')
  unmarked(@Payload() data: unknown) {
    return data;
  }
  @MessagePattern('test.scoped')
  @Public()
  @RequireScope('notes:read')
  scoped(@Payload() data: unknown) {
    return data;
  }
}
@Module({ controllers: [Unmarked] })
class UnmarkedModule {}

const scopes = { read: 'notes:read', write: 'notes:write' };
let service: TestService;
let server: GuardedServer;
let made: GuardCredentials;
let caller: { client_id: string; client_secret: string };
let client: ClientProxy;
beforeAll(async () => {
  service = await startTestService({ env: TCP, modules: [UnmarkedModule] });
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
  client = tcpClient(portOf(service));
});
afterAll(async () => {
  await client.close();
  await service.stop();
});

const verify = (message: object): Promise<Reply> => ask(client, 'auth.verify', { ...caller, ...message });

describe('auth.verify', () => {
  test.each(MESSAGE_TABLE)('$name: $status, as over HTTP', async (row) => {
    await checkLikeHttp(row, server, made, verify);
  });

  test('says who may call, through which client and until when', async () => {
    const { answer } = await verify({ credential: made.good, resource: server.resource });
    const claims = JSON.parse(Buffer.from(made.good.split('.')[1] ?? '', 'base64url').toString());
    const { sub, client_id, exp } = claims;
    expect(answer).toEqual({
      allowed: true,
      principal: { kind: 'user', sub, aud: server.resource, scope: expect.any(String), client_id, exp },
    });
    const { answer: key } = await verify({ credential: made.key, resource: server.resource });
    expect(key.principal).toEqual({
      kind: 'api_key', sub, aud: server.resource, key_id: expect.any(String), scope: 'notes:read notes:write',
    }); // prettier-ignore
  });

  test('who lacks a scope is in the audit trail, as after a question over HTTP; a stranger is not', async () => {
    const { resource } = server;
    const address = '203.0.113.9';
    const refused = () =>
      queryOnce(
        service.databaseUrl,
        `SELECT outcome, reason, principal, resource, operation, address FROM audit_events
          WHERE event = 'resource.refused' AND address = '${address}'`,
      );
    await verify({ credential: made.garbage, resource, scopes: ['notes:write'], address });
    await verify({ credential: made.reader, resource, scopes: ['notes:write'], address });
    await service.app.get(AuditTrail).flush();
    expect(await refused()).toEqual([
      {
        outcome: 'denied',
        reason: 'insufficient_scope',
        principal: 'user',
        resource,
        operation: resource,
        address,
      },
    ]);
  });

  test('a key that is bound to networks is refused when the message does not say where it came from', async () => {
    const { answer } = await verify({ credential: made.keyHere, resource: server.resource });
    expect(answer).toMatchObject({ allowed: false, status: 403 });
  });

  test.each([
    ['another server', 'https://elsewhere.example/mcp'],
    ['no URL', 'nonsense'],
  ])('a resource that the client does not serve is an error: %s', async (_name, resource) => {
    expect(await verify({ credential: made.good, resource })).toEqual({
      error: {
        status: 400,
        error: 'invalid_target',
        error_description: 'This client serves no such resource.',
      },
    });
  });

  test.each([
    ['no resource', {}, 'resource is missing.'],
    ['a number for a credential', { credential: 7 }, 'credential must be text.'],
    ['scopes in one text', { scopes: 'notes:read', resource: 'x' }, 'scopes must be a list.'],
    ['a NUL', { credential: 'a\0b', resource: 'x' }, 'credential has a NUL character.'],
    ['too much', { credential: 'x'.repeat(20_000), resource: 'x' }, 'credential is too long.'],
  ])('bad fields are named: %s', async (_name, message, error_description) => {
    expect((await verify({ credential: made.good, ...message })).error).toEqual({
      status: 400,
      error: 'invalid_request',
      error_description,
    });
  });

  test('many at once over one connection are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, () => verify({ credential: made.good, resource: server.resource })),
    );
    expect(new Set(answers.map(({ answer }) => answer?.allowed))).toEqual(new Set([true]));
  });

  test('a session that ends is refused within a second', async () => {
    const person = await service.person();
    const credential = person.accessToken;
    const now = async () => (await verify({ credential, resource: server.resource })).answer;
    expect(await now()).toMatchObject({ allowed: true });
    await service.call('POST', '/auth/logout', { body: { refresh_token: person.refreshToken } });
    const ended = Date.now();
    await until(async () => !(await now()).allowed);
    expect(Date.now() - ended).toBeLessThan(1000);
  });
});

describe('auth.introspect', () => {
  test.each(['good', 'reader', 'key', 'revoked', 'garbage', 'siblingPath', 'keyOfAnother'] as const)(
    'answers as /oauth/introspect does: %s',
    async (name) => {
      const form = new URLSearchParams({ token: made[name], ...caller });
      const http = await service.call('POST', '/oauth/introspect', {
        body: form.toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
      expect(await ask(client, 'auth.introspect', { token: made[name], ...caller })).toEqual({
        answer: http.body,
      });
    },
  );

  test('without a token is an error', async () => {
    const { error } = await ask(client, 'auth.introspect', caller);
    expect(error).toMatchObject({ status: 400, error_description: 'token is missing.' });
  });
});

describe('closed by default', () => {
  test.each(['auth.verify', 'auth.introspect'])('%s asks who sends', async (pattern) => {
    const question = { credential: made.good, resource: server.resource, token: made.good };
    const sent = async (message: unknown) => (await ask(client, pattern, message)).error;
    expect(await sent(question)).toMatchObject({ status: 400, error: 'invalid_request' });
    const wrong = { ...question, client_id: caller.client_id, client_secret: 'guess' };
    expect(await sent(wrong)).toMatchObject({ status: 401, error: 'invalid_client' });
    const nobody = { ...question, client_id: 'nobody', client_secret: 'guess' };
    expect(await sent(nobody)).toMatchObject({ status: 401, error: 'invalid_client' });
    const noSecret = { ...question, client_id: caller.client_id };
    expect(await sent(noSecret)).toMatchObject({ status: 401, error: 'invalid_client' });
    for (const message of ['text', 7, [caller], true])
      expect(await sent(message)).toMatchObject({ status: 400, error: 'invalid_request' });
  });

  test('a public client may ask nothing', async () => {
    const { body } = await service.call('POST', '/oauth/register', {
      body: { redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none' },
    });
    const { error } = await ask(client, 'auth.introspect', { token: made.good, client_id: body.client_id });
    expect(error).toMatchObject({ status: 401, error: 'invalid_client' });
  });

  test.each(['test.unmarked', 'test.scoped'])(
    '%s stays shut, whoever the data says it is',
    async (pattern) => {
      const principal = {
        kind: 'user',
        userId: 'x',
        scopes: ['notes:read', 'admin'],
        resource: server.resource,
      };
      const headers = { authorization: `Bearer ${made.good}` };
      const { answer, error } = await ask(client, pattern, {
        principal,
        headers,
        ip: '127.0.0.1',
        ...caller,
      });
      expect(answer).toBeUndefined();
      expect(error).toMatchObject({ status: 403 });
    },
  );

  test('without the setting nothing listens', async () => {
    const quiet = await startTestService();
    expect(quiet.app.getMicroservices()).toHaveLength(0);
    await quiet.stop();
  });
});

describe('starts and stops', () => {
  test('a client goes on after the service was started again', async () => {
    const env = { MICROSERVICE_TCP: `127.0.0.1:${await reservePort()}` };
    const first = await startTestService({ env });
    const { databaseUrl, masterKey } = first;
    const credentials = await (await operator(first)).server(first.config.resource);
    const theirs = tcpClient(portOf(first));
    const asked = () => ask(theirs, 'auth.introspect', { ...credentials, token: 'x' });
    expect(await asked()).toEqual({ answer: { active: false } });
    await first.stop();
    expect((await asked()).error).toBeDefined();
    const second = await startTestService({ env, databaseUrl, masterKey, publicUrl: first.url });
    expect(await asked()).toEqual({ answer: { active: false } });
    await theirs.close();
    await second.stop();
  });

  test('a stop answers what came before it', async () => {
    const stopping = await startTestService({ env: TCP });
    const credentials = await (await operator(stopping)).server(stopping.config.resource);
    const theirs = tcpClient(portOf(stopping));
    const lock = new pg.Client({ connectionString: stopping.databaseUrl });
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE oauth_clients');
    const asked = ask(theirs, 'auth.introspect', { ...credentials, token: 'x' });
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    await until(async () => (await queryOnce(stopping.databaseUrl, waiting)).length > 0);
    const stopped = stopping.stop();
    const refused = async () => (await fetch(`${stopping.url}/healthz`).catch(() => 'refused')) === 'refused';
    await until(refused);
    await lock.query('ROLLBACK');
    await lock.end();
    expect(await asked).toEqual({ answer: { active: false } });
    await stopped;
    await theirs.close();
  });

  test('over TLS', async () => {
    const { cert, key } = selfSigned('localhost');
    const secure = await startTestService({
      env: { ...TCP, MICROSERVICE_TLS_CERT: cert, MICROSERVICE_TLS_KEY: key },
    });
    const credentials = await (await operator(secure)).server(secure.config.resource);
    const introspect = async (tls?: object) => {
      const theirs = tcpClient(portOf(secure), tls);
      const reply = await ask(theirs, 'auth.introspect', { ...credentials, token: 'x' });
      await theirs.close();
      return reply;
    };
    expect(await introspect({ ca: cert, servername: 'localhost' })).toEqual({ answer: { active: false } });
    expect((await introspect()).answer).toBeUndefined();
    await secure.stop();
  });

  test('a port that is taken ends the start', async () => {
    const config = loadConfig({
      DATABASE_URL: await createDatabase(),
      MASTER_KEY: randomBytes(32).toString('base64'),
      PORT: '0',
      MICROSERVICE_TCP: `127.0.0.1:${portOf(service)}`,
    });
    const starting = startService(config, () => undefined, { write: () => undefined });
    await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
