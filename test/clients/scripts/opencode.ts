import { strict as assert } from 'node:assert';
import type { Script } from '../script.js';

const redirectUri = 'http://127.0.0.1:19876/mcp/oauth/callback';

export const opencode: readonly Script[] = [
  {
    client: 'OpenCode',
    registration: {
      way: 'document',
      clientId: 'https://opencode.ai/oauth/opencode/client.json',
    },
    redirectUri,
    fails: {
      at: 'first connect',
      page: [
        'This app asks to be answered at an address it did not register',
        redirectUri,
        'http://127.0.0.1/callback',
      ],
      why:
        'Its published document lists `/callback` alone, and it asks to be answered at `/mcp/oauth/callback`. Only the port ' +
        'of a loopback address may differ (RFC 8252 section 7.3), so the person is shown a page that names both. Registered ' +
        'dynamically, the same client works.',
    },
  },
  {
    client: 'OpenCode',
    registration: {
      way: 'registration',
      body: {
        client_name: 'OpenCode',
        client_uri: 'https://opencode.ai',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    },
    redirectUri,
    ownWays: [
      {
        words: 'without application_type its loopback redirect makes it native',
        check(run) {
          assert.equal(run.registered['application_type'], 'native');
          return Promise.resolve();
        },
      },
    ],
  },
];
