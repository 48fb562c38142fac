import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApiDocument } from '../../src/ops/docs.controller.js';
import { operations } from '../../src/ops/openapi.js';
import { startTestService, type TestService } from '../support/harness.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

test.each(['/healthz', '/readyz', '/openapi.json', '/.well-known/jwks.json', '/errors/expired_token'])(
  '%s answers 200 in JSON to anyone',
  async (path) => {
    const answer = await service.call('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/json');
  },
);

test('the JWKS holds no private part', async () => {
  const { body } = await service.call('GET', '/.well-known/jwks.json');
  expect(body.keys.length).toBeGreaterThanOrEqual(2);
  for (const key of body.keys) expect(Object.keys(key)).not.toContain('d');
});

test('every documented operation exists and answers with a documented status', async () => {
  const { document } = await service.app.get(ApiDocument).get();
  const all = operations(document);
  expect(all.length).toBeGreaterThan(15);
  const person = await service.person();
  for (const { method, path, operation } of all) {
    const answer = await service.call(method, path.replace(/\{[^}]+\}/g, 'unknown'), {
      bearer: person.accessToken,
      ...(method === 'POST' ? { body: {} } : {}),
    });
    const documented = Object.keys(operation.responses);
    // The message of an empty POST /mcp is JSON-RPC's to refuse.
    if (path !== '/mcp') expect([path, documented.includes(String(answer.status))]).toEqual([path, true]);
    if (operation.security?.length) {
      const closed = await service.call(
        method,
        path.replace(/\{[^}]+\}/g, 'unknown'),
        method === 'POST' ? { body: {} } : {},
      );
      expect([path, closed.status]).toEqual([path, 401]);
    }
  }
});

test.each([
  [{}, 'is missing'],
  [{ password: 12345678 }, 'must be of type string'],
])(
  'a field that is missing or of another type is told in words that follow its name: %j',
  async (body, detail) => {
    const answer = await service.call('POST', '/auth/register', {
      body: { email: 'ada@example.com', ...body },
    });
    expect([answer.status, answer.body.errors]).toEqual([422, [{ pointer: '/password', detail }]]);
  },
);

test('an unknown path is a JSON 404, never a page', async () => {
  const answer = await service.call('GET', '/.well-known/nothing');
  expect(answer.status).toBe(404);
  expect(answer.body.code).toBe('not_found');
});

test('the address that the start prints leads a person to their account', async () => {
  const answer = await fetch(`${service.url}/`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account']);
});

test('the docs page needs no script', async () => {
  const answer = await service.call('GET', '/docs');
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('POST /auth/login');
  expect(answer.text).not.toContain('<script');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
});
