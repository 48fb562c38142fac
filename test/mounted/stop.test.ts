import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { expect, test } from '@jest/globals';
import { remember } from '../support/credentials.js';
import { PASSWORD } from '../support/harness.js';
import { queryOnce } from '../support/postgres.js';
import { type Hosted, startHosted } from './host-app.js';

/** A registration that the service has in hand, and whose body is still to come. */
async function openRegistration({ url }: Hosted): Promise<ClientRequest> {
  const opened = request(`${url}/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Expect: '100-continue' },
    agent: false,
  });
  opened.flushHeaders();
  await once(opened, 'continue');
  return opened;
}

async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
}
const refuses = ({ url }: Hosted) =>
  fetch(`${url}/healthz`, { headers: { Connection: 'close' } }).then(
    ({ status }) => status === 503,
    () => true,
  );

test('a close finishes what the service has in flight', async () => {
  const hosted = await startHosted({ settings: { SHUTDOWN_GRACE: 20 } });
  const registration = await openRegistration(hosted);
  const body = JSON.stringify({ email: 'slow@example.com', password: PASSWORD });
  registration.write(body.slice(0, 20));
  const closed = hosted.stop();
  await until(() => refuses(hosted));

  registration.end(body.slice(20));
  const [answer] = (await once(registration, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  remember(JSON.parse(text));
  expect([answer.statusCode, text]).toEqual([201, expect.stringContaining('slow@example.com')]);
  await closed;
});

test('a request that never ends holds a close up no longer than SHUTDOWN_GRACE, and nothing is left', async () => {
  const before = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
  const hosted = await startHosted({ settings: { SHUTDOWN_GRACE: 1 } });
  await hosted.person();
  const registration = await openRegistration(hosted);
  const cut = once(registration, 'error');
  await hosted.stop();
  await cut;

  const connections = () =>
    queryOnce<{ pid: number }>(
      hosted.databaseUrl,
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  await until(async () => (await connections()).length === 0);
  // The connections of fetch close a moment later.
  await until(() => {
    const now = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
    return now.length <= before.length;
  });
});
