import { expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { TestService } from './harness.js';

async function callTool(service: TestService, credential: string) {
  const headers = { Authorization: `Bearer ${credential}` };
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`), { requestInit: { headers } }),
  );
  const result = await client.callTool({ name: 'notes_write', arguments: { title: 'Hello', body: '' } });
  await client.close();
  return result.structuredContent;
}

/** What people and agents do with the service all day, for any database it may run on; over two replicas where there are. */
export function testEverydayUse(replicas: () => [TestService, TestService?]): void {
  const one = () => replicas()[0];
  const other = () => replicas()[1] ?? replicas()[0];
  const refresh = (service: TestService, token: string) =>
    service.call('POST', '/auth/refresh', { body: { refresh_token: token } });

  test('a person registers, logs in, refreshes and goes on with the new token', async () => {
    const { refreshToken } = await one().person();
    const { body } = await refresh(other(), refreshToken);
    expect(body.refresh_token).not.toBe(refreshToken);
    expect((await one().call('GET', '/auth/me', { bearer: body.access_token })).status).toBe(200);
  });

  test('50 refreshes at once get one successor', async () => {
    const { refreshToken } = await one().person();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => refresh(n % 2 ? one() : other(), refreshToken)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refresh_token as string)).size).toBe(1);
  });

  test('an agent calls a tool with a key', async () => {
    const { accessToken } = await one().person();
    const made = await one().call('POST', '/keys', { bearer: accessToken, body: { name: 'agent' } });
    expect(await callTool(other(), made.body.key)).toMatchObject({ title: 'Hello' });
  });

  test('after a logout neither token works', async () => {
    const { accessToken, refreshToken } = await one().person();
    expect((await one().call('POST', '/auth/logout', { bearer: accessToken })).status).toBe(204);
    expect((await one().call('GET', '/auth/me', { bearer: accessToken })).status).toBe(401);
    expect((await refresh(one(), refreshToken)).status).toBe(401);
  });
}
