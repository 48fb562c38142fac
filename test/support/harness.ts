import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { Clock } from '../../src/crypto/clock.js';
import { createLogger } from '../../src/ops/logging.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { remember } from './credentials.js';
import { reservePort } from './port.js';
import { createDatabase } from './postgres.js';

export const PASSWORD = 'violet-Kettle-9-marmalade-orbit';

const SHUTDOWN_GRACE_MS = 2000;

/** A clock that tests can move forward. */
export class TestClock extends Clock {
  private offset = 0;
  override now(): Date {
    return new Date(Date.now() + this.offset);
  }
  advance(seconds: number): void {
    this.offset += seconds * 1000;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly text: string;
}

export interface TestService {
  readonly app: NestFastifyApplication;
  readonly config: Config;
  readonly url: string;
  readonly databaseUrl: string;
  readonly masterKey: Buffer;
  readonly clock: TestClock;
  call(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string>; bearer?: string },
  ): Promise<Answer>;
  /** Registers a fresh person and logs in. */
  person(scope?: string): Promise<Person>;
  stop(): Promise<void>;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface ServiceOptions {
  readonly env?: Record<string, string>;
  readonly databaseUrl?: string;
  readonly masterKey?: Buffer;
  readonly clock?: TestClock;
  /** Another replica's URL is its issuer too. */
  readonly publicUrl?: string;
  readonly modules?: readonly (Type | DynamicModule)[];
  /** False: without the short way of the commonest requests. */
  readonly lane?: boolean;
}

/** Sets what a person may do, and waits until every replica has heard of it: a poll of the revocation feed later. */
export async function setScopes(service: TestService, email: string, scopes: string[]): Promise<void> {
  await service.app.get(UsersRepository).setScopes(email, scopes);
  await new Promise((resolve) => setTimeout(resolve, 2 * service.config.REVOCATION_POLL_MS));
}

/** Whoever calls the service at this URL. */
export function callerOf(url: string): Pick<TestService, 'call' | 'person'> {
  const call: TestService['call'] = async (method, path, { body, headers = {}, bearer } = {}) => {
    remember(body);
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
    const parsed: unknown = json ? JSON.parse(text) : undefined;
    remember(parsed);
    return { status: response.status, headers: response.headers, body: parsed, text };
  };

  return {
    call,
    async person(scope) {
      const email = `p${randomBytes(6).toString('hex')}@example.com`;
      const registered = await call('POST', '/auth/register', { body: { email, password: PASSWORD } });
      const login = await call('POST', '/auth/login', {
        body: { email, password: PASSWORD, ...(scope ? { scope } : {}) },
      });
      if (registered.status !== 201 || login.status !== 200)
        throw new Error(`${registered.text} ${login.text}`);
      return {
        id: registered.body.user.id,
        email,
        accessToken: login.body.access_token,
        refreshToken: login.body.refresh_token,
      };
    },
  };
}

/** The real application on a real port and a real database. */
export async function startTestService(options: ServiceOptions = {}): Promise<TestService> {
  const port = await reservePort();
  const url = `http://127.0.0.1:${port}`;
  const config = loadConfig({
    NODE_ENV: 'test',
    PORT: String(port),
    PUBLIC_URL: options.publicUrl ?? url,
    LOG_LEVEL: 'trace',
    LOGIN_LIMIT_ADDRESS: '100000',
    REGISTER_LIMIT_ADDRESS: '100000',
    DATABASE_POOL_SIZE: '8',
    ...options.env,
  });
  const databaseUrl = options.databaseUrl ?? (await createDatabase());
  const masterKey = options.masterKey ?? randomBytes(32);
  const clock = options.clock ?? new TestClock();
  const log = createWriteStream(
    join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'logs', `${process.pid}-${port}`),
    { flags: 'a' },
  );
  const app = await createApp(config, {
    databaseUrl,
    masterKey,
    clock,
    ...(options.modules && { modules: options.modules }),
    ...(options.lane !== undefined && { lane: options.lane }),
    logger: createLogger(config.LOG_LEVEL, log),
  });
  try {
    await app.startAllMicroservices();
    await app.listen(port, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }

  return {
    app,
    config,
    url,
    databaseUrl,
    masterKey,
    clock,
    ...callerOf(url),
    async stop() {
      // As the service itself does: a connection on which a client never asked anything would hold up the end.
      const impatience = setTimeout(() => {
        app.getHttpServer().closeAllConnections();
      }, SHUTDOWN_GRACE_MS);
      await app.close();
      clearTimeout(impatience);
      await new Promise((resolve) => log.end(resolve));
    },
  };
}
