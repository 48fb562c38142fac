import { strict as assert } from 'node:assert';
import type { OwnWay, Script } from '../script.js';

const body = (redirectUri: string) => ({
  client_name: 'MCP Inspector',
  client_uri: 'https://github.com/modelcontextprotocol/inspector',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});
const WEB = 'http://localhost:6274/oauth/callback';
const CLI = 'http://127.0.0.1:6276/oauth/callback';

const crossOrigin: OwnWay = {
  words: 'a page on another origin may call all that it needs, and may read the challenge',
  async check(run) {
    const Origin = 'http://localhost:6274';
    const { metadata, service } = run;
    const endpoints = [metadata.registration_endpoint, metadata.token_endpoint, metadata.revocation_endpoint];
    const asked = 'authorization,content-type,mcp-protocol-version,mcp-session-id';
    for (const path of ['/mcp', ...endpoints.map((url) => run.at(url))]) {
      const { status, headers } = await service.call('OPTIONS', path, {
        headers: {
          Origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': asked,
        },
      });
      assert.equal(status, 204, path);
      assert.equal(headers.get('access-control-allow-origin'), '*', path);
      assert.equal(headers.get('access-control-allow-credentials'), null, path);
      const allowed = (headers.get('access-control-allow-headers') ?? '').toLowerCase();
      for (const name of asked.split(',')) assert.ok(allowed.includes(name), `${path}: ${name}`);
    }
    const refused = await service.call('POST', '/mcp', { headers: { Origin }, body: {} });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get('access-control-expose-headers') ?? '', /www-authenticate/i);
    const metadataAnswer = await service.call('GET', '/.well-known/oauth-authorization-server', {
      headers: { Origin },
    });
    assert.equal(metadataAnswer.headers.get('access-control-allow-origin'), '*');
  },
};

export const inspector: readonly Script[] = [
  {
    client: 'MCP Inspector, web',
    registration: { way: 'registration', body: body(WEB) },
    redirectUri: WEB,
    authorize: { prompt: 'consent' },
    ownWays: [crossOrigin],
  },
  {
    client: 'MCP Inspector, command line',
    registration: { way: 'registration', body: body(CLI) },
    redirectUri: CLI,
    authorize: { prompt: 'consent' },
  },
];
