import { rememberSecret } from '../support/credentials.js';
import type { TestService } from '../support/harness.js';
import { Browser } from '../support/oauth.js';
import { Database } from '../../src/database/database.js';

/** Away from Toolgate: where `/login/<provider>` sends this browser. */
export async function away(browser: Browser, provider: string, query = ''): Promise<string> {
  const visit = await browser.request('GET', `/login/${provider}${query}`);
  if (visit.status !== 303 || visit.location === null) throw new Error(`${visit.status} ${visit.text}`);
  rememberSecret(new URL(visit.location).searchParams.get('state') ?? '');
  return visit.location;
}

/** Through the provider, in a browser that holds no session there: to the callback, not yet visited. */
export async function throughProvider(location: string): Promise<string> {
  const visit = await new Browser(new URL(location).origin).go(location);
  if (visit.location === null) throw new Error(`${visit.status} ${visit.text}`);
  rememberSecret(new URL(visit.location).searchParams.get('code') ?? '');
  return visit.location;
}

export async function toCallback(browser: Browser, provider: string, query = ''): Promise<string> {
  return throughProvider(await away(browser, provider, query));
}

export async function sql(service: TestService, text: string, values: unknown[] = []) {
  return (await service.app.get(Database).pool.query<Record<string, unknown>>(text, values)).rows;
}

export const count = async (service: TestService, from: string, values: unknown[] = []): Promise<number> =>
  Number((await sql(service, `SELECT count(*) AS n FROM ${from}`, values))[0]?.['n']);
