import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type ChildService, startChildService } from '../support/child-service.js';
import { remember } from '../support/credentials.js';
import { PASSWORD } from '../support/harness.js';
import { createDatabase } from '../support/postgres.js';

const start = async (env: Record<string, string> = {}) =>
  startChildService({
    DATABASE_URL: await createDatabase(),
    MASTER_KEY: randomBytes(32).toString('base64'),
    ...env,
  });

/** A registration whose body is still to come. The service has it in hand: it has asked for the body. */
async function openRegistration(service: ChildService): Promise<ClientRequest> {
  const opened = request(`${service.url}/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Expect: '100-continue' },
    agent: false,
  });
  opened.flushHeaders();
  await once(opened, 'continue');
  return opened;
}

async function stopListening(service: ChildService): Promise<void> {
  service.process.kill('SIGTERM');
  const accepts = () =>
    fetch(`${service.url}/healthz`, { headers: { Connection: 'close' } }).then(
      () => true,
      () => false,
    );
  while (await accepts()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a stop finishes the request in flight, takes no new one and ends with 0', async () => {
  const service = await start();
  const registration = await openRegistration(service);
  const body = JSON.stringify({ email: 'slow@example.com', password: PASSWORD });
  registration.write(body.slice(0, 20));
  await stopListening(service);

  registration.end(body.slice(20));
  const [answer] = (await once(registration, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  remember(JSON.parse(text));
  expect(answer.statusCode).toBe(201);
  expect(JSON.parse(text)).toMatchObject({ user: { email: 'slow@example.com' } });
  expect(await service.ended).toBe(0);
});

test('a request that never ends holds a stop up no longer than SHUTDOWN_GRACE', async () => {
  const service = await start({ SHUTDOWN_GRACE: '1' });
  const registration = await openRegistration(service);
  const cut = once(registration, 'error');
  await stopListening(service);
  await cut;
  expect(await service.ended).toBe(0);
});

test('a second signal ends it at once, and not as if all were well', async () => {
  const service = await start();
  const registration = await openRegistration(service);
  const cut = once(registration, 'error');
  await stopListening(service);
  service.process.kill('SIGTERM');
  await cut;
  expect(await service.ended).toBe(1);
});
