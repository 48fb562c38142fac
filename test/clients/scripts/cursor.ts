import { strict as assert } from 'node:assert';
import type { Script } from '../script.js';

const redirectUris = [
  'http://localhost:8787/callback',
  'https://www.cursor.com/agents/mcp/oauth/callback',
  'cursor://anysphere.cursor-mcp/oauth/callback',
];

export const cursor: readonly Script[] = [
  {
    client: 'Cursor',
    registration: {
      way: 'registration',
      body: {
        client_name: 'Cursor',
        redirect_uris: redirectUris,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    },
    redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
    resourceMetadata: 'both well-knowns',
    ownWays: [
      {
        words: 'each of the three redirect URIs of its one registration is answered',
        async check(run) {
          for (const redirectUri of redirectUris)
            assert.ok((await run.authorize({ scope: 'notes:read', redirectUri })).answer.has('code'));
        },
      },
      {
        words: 'an API key in a static header works, and a bad one does not start OAuth',
        async check(run) {
          const { accessToken: bearer } = run.person;
          const { body } = await run.service.call('POST', '/keys', { bearer, body: { name: 'cursor' } });
          await run.callTool('whoami', {}, 200, body.key);
          const bad = await run.callTool('whoami', {}, 401, `${String(body.key).slice(0, -1)}-`);
          assert.match(bad.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
        },
      },
    ],
  },
];
