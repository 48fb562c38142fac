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

test('every line of what was answered is in the log after a stop, though lines are written in batches', async () => {
  const service = await start();
  let log = '';
  service.process.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ids = Array.from({ length: 200 }, (_, n) => `flushed-${n}`);
  for (const id of ids) await fetch(`${service.url}/healthz`, { headers: { 'X-Request-Id': id } });
  const closed = once(service.process, 'close');
  service.process.kill('SIGTERM');
  await closed;
  const answered = log
    .split('\n')
    .filter((line) => line.includes('"answered"'))
    .map((line) => (JSON.parse(line) as { req: { id: string } }).req.id);
  expect(answered.filter((id) => id.startsWith('flushed-'))).toEqual(ids);
});

test('R16: the service was not told where to listen, so it listens on loopback alone', async () => {
  const service = await start();
  // All of 127.0.0.0/8 is this computer, and only what listens on every address is found at the others.
  const elsewhere = `http://127.0.0.2:${new URL(service.url).port}/readyz`;
  await expect(fetch(elsewhere)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  service.process.kill('SIGTERM');
  expect(await service.ended).toBe(0);
});

test('a line does not wait long for its batch', async () => {
  const service = await start();
  const line = new Promise<string>((resolve) => {
    service.process.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('lone-line')) resolve(chunk.toString());
    });
  });
  const began = performance.now();
  await fetch(`${service.url}/healthz`, { headers: { 'X-Request-Id': 'lone-line' } });
  expect(await line).toContain('"status":200');
  expect(performance.now() - began).toBeLessThan(5000);
  service.process.kill('SIGTERM');
  expect(await service.ended).toBe(0);
});

test('a stop does not wait for a reader of the log who stopped reading', async () => {
  const service = await start({ LOG_LEVEL: 'info' });
  service.process.stdout?.unpipe().removeAllListeners('data').pause();
  const long = 'x'.repeat(8000);
  for (let n = 0; n < 100; n += 1) await (await fetch(`${service.url}/${n}${long}`)).text();
  const begun = Date.now();
  service.process.kill('SIGTERM');
  expect(await service.ended).toBe('SIGKILL');
  expect(Date.now() - begun).toBeLessThan(15_000);
});
