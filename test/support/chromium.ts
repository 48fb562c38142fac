import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { rememberSecret } from './credentials.js';
import { debianPrograms } from './debian-programs.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]; // prettier-ignore
/** Nobody out there is asked where these are. */
const RESOLVER = 'MAP *.example ~NOTFOUND';

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: debianPrograms().chromium,
    args: [...FLAGS, `--host-resolver-rules=${RESOLVER}`],
  });

/** One person at one screen. */
export interface Seat {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the Content-Security-Policy kept from happening. */
  readonly violations: readonly string[];
  leave(): Promise<void>;
}

/** A fresh profile; without JavaScript, since the pages must need none. */
export async function takeSeat(browser: Browser, options: BrowserContextOptions = {}): Promise<Seat> {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(10_000);
  const violations: string[] = [];
  context.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) violations.push(message.text());
  });
  return {
    context,
    page: await context.newPage(),
    violations,
    async leave() {
      for (const { value } of await context.cookies()) rememberSecret(value);
      await context.close();
    },
  };
}

/** A client that waits for its answer on this computer. */
export interface WaitingClient {
  readonly redirectUri: string;
  /** Every answer that arrived. */
  readonly answers: readonly URLSearchParams[];
  stop(): void;
}

export async function waitingClient(host: string): Promise<WaitingClient> {
  const answers: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://client');
    if (pathname === '/callback') {
      answers.push(searchParams);
      const code = searchParams.get('code');
      if (code !== null) rememberSecret(code);
    }
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>The client</title><h1>Thanks</h1>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    redirectUri: `http://${host}:${port}/callback`,
    answers,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
