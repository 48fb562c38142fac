import { strict as assert } from 'node:assert';
import type { Script } from '../script.js';

const redirectUri = 'http://localhost:{port}/oauth/callback';

export const mcpRemote: readonly Script[] = [
  {
    client: 'mcp-remote',
    registration: {
      way: 'registration',
      body: {
        client_name: 'MCP CLI Proxy',
        client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
      },
    },
    redirectUri,
    scope: () => 'openid email profile',
    ownWays: [
      {
        words: 'with openid email profile alone it connects, and a step-up gets it the rest',
        check(run) {
          assert.equal([...run.tokens.scopes].sort().join(' '), 'email openid profile');
          return Promise.resolve();
        },
      },
    ],
  },
];
