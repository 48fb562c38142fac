import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];

test.each([
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
])('S2, S3, S5, S20: the authorization server’s metadata at %s is this, word for word', async (path) => {
  const { issuer } = service.config;
  const answer = await service.call('GET', path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  // What stands here is what clients read; a change is a change of the interface.
  expect(answer.body).toEqual({
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    registration_endpoint: `${issuer}/oauth/register`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [
      'notes:read', 'notes:write', 'mcp:read', 'mcp:write', 'mcp:admin', 'openid', 'profile', 'email', 'offline_access',
    ],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE, EXCHANGE],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: METHODS,
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256', 'PS256', 'Ed25519', 'EdDSA'],
    revocation_endpoint_auth_methods_supported: METHODS,
    introspection_endpoint_auth_methods_supported: METHODS.slice(1),
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    prompt_values_supported: ['none', 'login', 'consent'],
    claims_supported: [
      'sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'email', 'email_verified', 'name',
    ],
    service_documentation: `${issuer}/docs`,
  }); // prettier-ignore
});

test.each(['', '/mcp'])('R1, R2, R4, R14: the resource’s metadata at the form %j is this, word for word', async (form) => {
  const { issuer } = service.config;
  const answer = await service.call('GET', `/.well-known/oauth-protected-resource${form}`);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect(answer.body).toEqual({
    resource: `${issuer}/mcp`,
    authorization_servers: [issuer],
    scopes_supported: ['notes:read', 'notes:write'],
    bearer_methods_supported: ['header'],
    resource_name: 'Toolgate',
    resource_documentation: `${issuer}/docs`,
  });
}); // prettier-ignore

test('S2: the issuer is the same, byte for byte, in both documents, in tokens and for whatever Host was sent', async () => {
  const { accessToken } = await service.person();
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  const documents = await Promise.all(
    ['oauth-authorization-server', 'openid-configuration'].map((name) =>
      service.call('GET', `/.well-known/${name}`, { headers: { 'X-Forwarded-Host': 'evil.com' } }),
    ),
  );
  const issuers = [claims.iss, ...documents.map(({ body }) => body.issuer)];
  expect(new Set(issuers)).toEqual(new Set([service.config.issuer]));
});

test('S20, S28: there is one switch for all client documents, and the metadata tells', async () => {
  const closed = await startTestService({ env: { CLIENT_DOCUMENTS: 'false' } });
  const { body } = await closed.call('GET', '/.well-known/oauth-authorization-server');
  expect(body.client_id_metadata_document_supported).toBe(false);
  const answer = await closed.call('GET', '/oauth/authorize?client_id=https%3A%2F%2Fclient.example%2Fc.json');
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('takes no client metadata documents');
  await closed.stop();
});

test('S18: no CORS where a person’s cookies count, and CORS where a client’s own credential does', async () => {
  const allowed = async (method: string, path: string) => {
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' };
    const answer = await service.call(method, path, { headers });
    return answer.headers.get('access-control-allow-origin');
  };
  for (const path of ['/oauth/authorize', '/login', '/signup', '/consent', '/device', '/account', '/auth/login'])
    for (const method of ['GET', 'POST', 'OPTIONS']) expect([path, await allowed(method, path)]).toEqual([path, null]);
  for (const path of ['/oauth/token', '/oauth/register', '/oauth/revoke', '/mcp'])
    for (const method of ['POST', 'OPTIONS']) expect([path, await allowed(method, path)]).toEqual([path, '*']);
  for (const path of ['oauth-authorization-server', 'oauth-protected-resource/mcp', 'jwks.json'])
    expect(await allowed('GET', `/.well-known/${path}`)).toBe('*');
}); // prettier-ignore
