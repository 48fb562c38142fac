import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChildService, postmasterOf, startChildService } from '../support/child-service.js';
import { remember } from '../support/credentials.js';
import { reservePort } from '../support/port.js';
import { PASSWORD } from '../support/harness.js';

let dataDir: string;
let service: ChildService;
let port: string;
const start = () => startChildService({ DATA_DIR: dataDir, PORT: port, REFRESH_REPLAY_WINDOW: '600' });
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'toolgate-kill-'));
  port = String(await reservePort());
  service = await start();
});
afterAll(async () => {
  service.process.kill('SIGTERM');
  await service.ended;
  await rm(dataDir, { recursive: true, force: true });
});

/** An answer, or undefined when the service died before it gave one. */
async function post(path: string, body: object, bearer?: string) {
  try {
    const response = await fetch(service.url + path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    const parsed = (text ? JSON.parse(text) : {}) as { access_token: string; refresh_token: string };
    remember(parsed);
    return { status: response.status, body: parsed };
  } catch {
    return undefined;
  }
}

interface Holder {
  access: string;
  refresh: string;
  readonly leaves: boolean;
  refreshed: number;
  left: boolean;
  /** The last request got no answer: it may or may not have happened. */
  unanswered: boolean;
}

async function holders(count: number): Promise<Holder[]> {
  const person = { email: `k${randomBytes(6).toString('hex')}@example.com`, password: PASSWORD };
  await post('/auth/register', person);
  const all: Holder[] = [];
  // One after the other: logins under way count against the account's limit until their password proves right.
  for (let n = 0; n < count; n += 1) {
    const login = await post('/auth/login', person);
    const { access_token: access, refresh_token: refresh } = login?.body ?? {};
    if (access === undefined || refresh === undefined) throw new Error('no login');
    all.push({ access, refresh, leaves: n % 4 === 0, refreshed: 0, left: false, unanswered: false });
  }
  return all;
}

/** Refreshes, and in the end for some logs out, until the service is gone. */
async function use(holder: Holder): Promise<void> {
  for (;;) {
    const leaving = holder.leaves && holder.refreshed === 5;
    const answer = await post(leaving ? '/auth/logout' : '/auth/refresh', { refresh_token: holder.refresh });
    if (answer?.status !== 200 && answer?.status !== 204) {
      holder.unanswered = true;
      return;
    }
    if (leaving) {
      holder.left = true;
      return;
    }
    holder.access = answer.body.access_token;
    holder.refresh = answer.body.refresh_token;
    holder.refreshed += 1;
  }
}

const kill = (pid: number) => process.kill(pid, 'SIGKILL');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.each([
  ['the service', 'service'],
  ['the database, then the service', 'database first'],
  ['both at once', 'both'],
] as const)('what was acknowledged outlives kill -9 of %s, and what ended stays ended', async (_, which) => {
  const all = await holders(16);
  const using = all.map(use);
  while (all.some((holder) => !holder.left && holder.refreshed < 8)) await pause(5);
  const postmaster = await postmasterOf(dataDir);
  if (which !== 'service') kill(postmaster);
  if (which === 'database first') await pause(300);
  service.process.kill('SIGKILL');
  await Promise.all([service.ended, ...using]);
  service = await start();

  expect(all.filter(({ left }) => left).length).toBe(4);
  for (const { access, refresh, left, unanswered } of all) {
    const me = await fetch(`${service.url}/auth/me`, { headers: { Authorization: `Bearer ${access}` } });
    const refreshed = await post('/auth/refresh', { refresh_token: refresh });
    expect([me.status, refreshed?.status]).toEqual(left ? [401, 401] : [200, 200]);
    expect(left).not.toBe(unanswered);
  }
});
