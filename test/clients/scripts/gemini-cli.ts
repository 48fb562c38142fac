import { strict as assert } from 'node:assert';
import type { Script } from '../script.js';

const redirectUri = 'http://localhost:{port}/oauth/callback';

export const geminiCli: readonly Script[] = [
  {
    client: 'Gemini CLI',
    registration: {
      way: 'registration',
      body: {
        client_name: 'Gemini CLI MCP Client',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        scope: '',
      },
    },
    redirectUri,
    opensWith: 'HEAD',
    scope: ({ supported }) => supported.join(' '),
    omitsResource: true,
    ownWays: [
      {
        words: 'of all scopes_supported it gets what the person can give and ticked',
        check(run) {
          const { scopes } = run.tokens;
          assert.ok(scopes.includes('notes:read') && !scopes.includes('mcp:admin'), scopes.join(' '));
          return Promise.resolve();
        },
      },
    ],
  },
];
