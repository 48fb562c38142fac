import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, Get, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConfigError,
  type MountedSettings,
  Public,
  settingsFromEnvironment,
  ToolgateCredentials,
  ToolgateKeys,
  ToolgateServiceModule,
  ToolgateUsers,
} from '../../src/entry/service.js';
import { PASSWORD } from '../support/harness.js';
import { rememberSecret } from '../support/credentials.js';
import { startHosted } from './host-app.js';

const url = 'http://127.0.0.1:4999';

function problemsOf(settings: Record<string, unknown>): readonly string[] {
  try {
    ToolgateServiceModule.forRoot({ settings });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  test('that are bad, unknown or not for here are all named at once, and no value is printed', () => {
    const bad = {
      PORT: 70_000_001,
      DATABASE_URI: 'postgres://bad:bad-password@bad-host/db',
      ACCESS_TOKEN_TTL: 1.5,
      MASTER_KEY: 'bad-key',
      CLIENT_DOCUMENTS: 'bad-yes',
      UPSTREAM_PROVIDERS: [{ id: 'work', client_secret: 'bad-secret' }],
      LOG_LEVEL: () => 'bad-verbose',
      GUARD_PORT: 70_000_002,
    };
    const problems = problemsOf(bad);
    const names = problems.map((problem) => problem.split(' ')[0]);
    expect(names.sort()).toEqual([...Object.keys(bad), 'PUBLIC_URL'].sort());
    expect(problems.join('\n')).not.toMatch(/bad-|70000/);
  });

  test('may be numbers, booleans and lists, and need no more than the URL', () => {
    const provider = { id: 'google', preset: 'google', client_id: 'one', client_secret: 'two' };
    const settings = { ACCESS_TOKEN_TTL: 60, CLIENT_DOCUMENTS: false, UPSTREAM_PROVIDERS: [provider] };
    expect(problemsOf({ PUBLIC_URL: url })).toEqual([]);
    expect(problemsOf({ PUBLIC_URL: url, ...settings })).toEqual([]);
  });

  test('of production are as strict as those of the service', () => {
    expect(problemsOf({ NODE_ENV: 'production', PUBLIC_URL: 'http://id.example' })).toEqual([
      expect.stringContaining('MASTER_KEY'),
      expect.stringContaining('DATABASE_URL'),
      expect.stringContaining('PUBLIC_URL'),
    ]);
  });

  test('come from the environment only when they are asked for', () => {
    const before = process.env['ACCESS_TOKEN_TTL'];
    process.env['ACCESS_TOKEN_TTL'] = 'bad-ttl';
    try {
      expect(problemsOf({ PUBLIC_URL: url })).toEqual([]);
      const settings = { ...settingsFromEnvironment(), PUBLIC_URL: url };
      expect(Object.keys(settings)).not.toContain('PATH');
      expect(problemsOf(settings)).toEqual([expect.stringMatching(/^ACCESS_TOKEN_TTL /)]);
    } finally {
      if (before === undefined) delete process.env['ACCESS_TOKEN_TTL'];
      else process.env['ACCESS_TOKEN_TTL'] = before;
    }
  });
});

@Controller()
class HealthOfHost {
  @Public()
  @Get('healthz')
  health() {
    return { host: 'healthy' };
  }

  @Get('closed')
  closed() {
    return { admitted: true };
  }
}

let started: { stop(): Promise<void> } | undefined;
afterEach(async () => {
  await started?.stop();
  started = undefined;
});

describe('an application', () => {
  test('that has a route of the service does not start, and is told which', async () => {
    await expect(startHosted({ controllers: [HealthOfHost] })).rejects.toThrow(
      /routes that are Toolgate's: GET \/healthz\. .*`except`/,
    );
  });

  test('keeps a path that it names', async () => {
    const hosted = await startHosted({ controllers: [HealthOfHost], except: ['/healthz'] });
    started = hosted;
    expect((await hosted.call('GET', '/healthz')).body).toEqual({ host: 'healthy' });
    expect((await hosted.call('GET', '/readyz')).body).toEqual({ status: 'ready', database: 'ok' });
  });

  test('cannot keep what the service is made of', async () => {
    const module = ToolgateServiceModule.forRoot({
      settings: { PUBLIC_URL: url },
      except: ['/oauth/token' as '/docs'],
    });
    await expect(
      NestFactory.createApplicationContext(module, { logger: false, abortOnError: false }),
    ).rejects.toThrow(/not \/oauth\/token/);
  });

  test('may close all of its routes by the guards of the service', async () => {
    const hosted = await startHosted({
      controllers: [HealthOfHost],
      except: ['/healthz'],
      guardEveryRoute: true,
    });
    started = hosted;
    const { accessToken } = await hosted.person();
    const statuses = [
      await hosted.call('GET', '/closed'),
      await hosted.call('GET', '/closed', { bearer: 'garbage' }),
      await hosted.call('GET', '/closed', { bearer: accessToken }),
      await hosted.call('GET', '/healthz'),
      await hosted.call('GET', '/pages'),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 200, 200, 200]);
    const refused = await hosted.call('GET', '/closed');
    expect(refused.body).toMatchObject({ code: 'missing_credential', status: 401 });
  });

  test('on another adapter is told what is needed', async () => {
    class OtherAdapter extends FastifyAdapter {
      override getType(): string {
        return 'express';
      }
    }
    await expect(
      NestFactory.create<NestFastifyApplication>(moduleOf({ PUBLIC_URL: url }), new OtherAdapter(), {
        logger: false,
        abortOnError: false,
      }),
    ).rejects.toThrow(/needs the FastifyAdapter/);
  });
});

const moduleOf = (settings: MountedSettings): Type => {
  @Module({ imports: [ToolgateServiceModule.forRoot({ settings })] })
  class Host {}
  return Host;
};

test('without a server there are its services, on an embedded database', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toolgate-mounted-'));
  try {
    const context = await NestFactory.createApplicationContext(
      moduleOf({ PUBLIC_URL: url, DATA_DIR: folder }),
      { logger: false, abortOnError: false },
    );
    try {
      const user = await context.get(ToolgateUsers).create({ email: 'job@example.com', password: PASSWORD });
      const { key } = await context.get(ToolgateKeys).issue(user.id, { name: 'job' });
      rememberSecret(key);
      expect(await context.get(ToolgateCredentials).verify(key)).toMatchObject({ userId: user.id });
    } finally {
      await context.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
