import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { type Person, startTestService, type TestService } from '../support/harness.js';
import { Browser } from '../support/oauth.js';
import { throughPages, type Tick } from './pages.js';

const LINK = /Please authorize this client by visiting:\s+(\S+)\s/;
const packageFile = createRequire(import.meta.url).resolve('mcp-remote/package.json');

let service: TestService;
let home: string;
const started: Client[] = [];
beforeAll(async () => {
  service = await startTestService();
  home = await mkdtemp(join(tmpdir(), 'toolgate-mcp-remote-'));
  // Whatever opens pages here opens none: the person of this test reads the link.
  for (const opener of ['open', 'xdg-open', 'gio', 'x-www-browser', 'sensible-browser']) {
    await writeFile(join(home, opener), '#!/bin/sh\nexit 0\n');
    await chmod(join(home, opener), 0o755);
  }
});
afterAll(async () => {
  await Promise.all(started.map((client) => client.close()));
  await service.stop();
  await rm(home, { recursive: true, force: true });
});

interface Process {
  readonly client: Client;
  readonly links: string[];
  readonly words: () => string;
}

/** mcp-remote prints its link before it listens again, and this person is quicker than most. */
async function deliver(callback: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await fetch(callback).catch(() => undefined);
    if (answer) return;
    await setTimeout(100);
  }
  throw new Error('nobody listens at the callback');
}

/** mcp-remote as a child process, spoken to over its standard input and output as an MCP host would. */
async function start(person: Person, tick?: Tick, storage = 'auth'): Promise<Process> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(dirname(packageFile), 'dist/proxy.js'), `${service.url}/mcp`],
    env: {
      HOME: home,
      PATH: [home, process.env['PATH'] ?? ''].join(delimiter),
      BROWSER: join(home, 'xdg-open'),
      MCP_REMOTE_CONFIG_DIR: join(home, storage),
    },
    stderr: 'pipe',
  });
  const links: string[] = [];
  let words = '';
  (transport.stderr as Readable).on('data', (chunk: Buffer) => {
    words += chunk.toString();
    const link = LINK.exec(words.slice(words.lastIndexOf('Please authorize')))?.[1];
    if (link === undefined || links.includes(link)) return;
    links.push(link);
    void throughPages(new Browser(service.url), person, link, links.length === 1 ? tick : undefined)
      .then(deliver)
      .catch((error: unknown) => {
        words += String(error);
      });
  });
  const client = new Client({ name: 'host', version: '1' });
  started.push(client);
  try {
    await client.connect(transport, { timeout: 20_000 });
  } catch (error) {
    throw new Error(words, { cause: error });
  }
  return { client, links, words: () => words };
}

test('mcp-remote registers, waits for the person, calls a tool, and comes back without asking', async () => {
  const person = await service.person();
  const first = await start(person);
  expect(first.links.length).toBe(1);
  const { structuredContent } = await first.client.callTool({ name: 'whoami', arguments: {} });
  expect(structuredContent).toMatchObject({ kind: 'user', user_id: person.id });
  await first.client.close();

  service.clock.advance(service.config.ACCESS_TOKEN_TTL + 1);
  const second = await start(person);
  expect(second.links).toEqual([]);
  const again = await second.client.callTool({ name: 'notes_list', arguments: {} });
  expect(again.structuredContent).toEqual({ notes: [] });
  await second.client.close();
});

test('mcp-remote brings the person back when a tool needs more', async () => {
  const narrow: Tick = (boxes) => boxes.filter((box) => box === 'notes:read');
  const { client, links, words } = await start(await service.person(), narrow, 'step-up');
  const call = { name: 'notes_write', arguments: { title: 'more', body: '' } };
  const written = await client.callTool(call, { timeout: 20_000 }).catch((cause: unknown) => {
    throw new Error(words(), { cause });
  });
  expect(written.structuredContent).toMatchObject({ title: 'more' });
  expect(links.length).toBe(2);
});
