import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const EVERYWHERE = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
const ORIGIN = { Origin: 'https://app.example' };
const PREFLIGHT = { ...ORIGIN, 'Access-Control-Request-Method': 'POST' };
const corsOf = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
const OPEN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
};

test.each([
  ['GET', '/healthz', 200],
  ['GET', '/nothing/here', 404],
  ['POST', '/mcp', 401],
  ['GET', '/.well-known/jwks.json', 200],
  ['POST', '/oauth/token', 400],
  ['POST', '/auth/login', 422],
  ['OPTIONS', '/nothing/here', 404],
])('%s %s carries the headers of every answer', async (method, path, status) => {
  const answer = await service.call(method, path, method === 'POST' ? { body: {} } : {});
  expect(answer.status).toBe(status);
  expect(Object.fromEntries(answer.headers)).toMatchObject(EVERYWHERE);
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('a request keeps its id in the answer', async () => {
  const answer = await service.call('GET', '/healthz', { headers: { 'X-Request-Id': 'trace-7' } });
  expect(answer.headers.get('x-request-id')).toBe('trace-7');
});

test.each([
  '/mcp',
  '/oauth/token',
  '/oauth/register',
  '/oauth/revoke',
  '/oauth/userinfo',
  '/.well-known/jwks.json',
])('a browser on any origin may call %s, and asks first without a body in the answer', async (path) => {
  expect(corsOf((await service.call('GET', path, { headers: ORIGIN })).headers)).toEqual(OPEN);
  const preflight = await service.call('OPTIONS', path, { headers: PREFLIGHT });
  expect([preflight.status, preflight.text]).toEqual([204, '']);
  expect(corsOf(preflight.headers)).toEqual({
    ...OPEN,
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers':
      'Authorization, Content-Type, X-API-Key, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
    'access-control-max-age': '600',
  });
});

test.each(['/auth/login', '/oauth/introspect', '/oauth/authorize', '/consent', '/mcpx', '/healthz'])(
  'no other origin may call %s',
  async (path) => {
    for (const method of ['GET', 'OPTIONS'])
      expect(corsOf((await service.call(method, path, { headers: PREFLIGHT })).headers)).toEqual({});
  },
);
