import { strict as assert } from 'node:assert';
import { decodeJwt } from 'jose';
import { ResourcesRepository } from '../../../src/resources/resources.repository.js';
import type { OwnWay, Script } from '../script.js';

const clientId = 'https://chatgpt.com/oauth/codex/a1b2c3/client.json';
const redirectUri = 'http://127.0.0.1:{port}/callback/a1b2c3';

const slash: OwnWay = {
  words: 'the slash that it adds to a bare host names the same resource',
  async check(run) {
    const identifier = 'https://tools.example';
    const scopes = [{ name: 'tools:use', description: 'Use the tools' }];
    await run.service.app
      .get(ResourcesRepository, { strict: false })
      .save(
        { identifier, name: 'Tools', scopes, defaultScopes: ['tools:use'], tools: [] },
        run.service.clock.now(),
      );
    await run.giveScopes('mcp:write', 'tools:use');
    const tokens = await run.connect({ scope: undefined, resource: `${identifier}/` });
    assert.equal(decodeJwt(tokens.access).aud, identifier);
  },
};

export const codex: readonly Script[] = [
  {
    client: 'Codex',
    registration: {
      way: 'document',
      clientId,
      // It has one per connection, and so no bundled copy.
      document: () => ({
        client_id: clientId,
        client_name: 'Codex',
        client_uri: 'https://chatgpt.com/',
        redirect_uris: ['http://127.0.0.1/callback/a1b2c3'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      }),
    },
    redirectUri,
    ownWays: [slash],
  },
  {
    client: 'Codex',
    registration: {
      way: 'registration',
      body: {
        client_name: 'Codex',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
    },
    redirectUri,
    ownWays: [slash],
  },
];
