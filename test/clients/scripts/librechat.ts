import { strict as assert } from 'node:assert';
import type { Script } from '../script.js';

const redirectUri = 'https://chat.example/api/mcp/toolgate/oauth/callback';

export const librechat: readonly Script[] = [
  {
    client: 'LibreChat',
    registration: {
      way: 'registration',
      body: {
        client_name: 'LibreChat MCP Client',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    },
    redirectUri,
    authMethod: 'client_secret_basic',
    ownWays: [
      {
        words: 'its secret never expires; Basic credentials without URL encoding are read',
        check(run) {
          assert.equal(run.registered['client_secret_expires_at'], 0);
          assert.match(String(run.registered['client_secret']), /^[\w-]+$/);
          return Promise.resolve();
        },
      },
      {
        words: 'as a web client it is remembered: the next connect shows no page',
        async check(run) {
          const visit = await run.browser.go(
            `${run.metadata.authorization_endpoint}?${new URLSearchParams({
              response_type: 'code',
              client_id: run.clientId,
              redirect_uri: run.redirectUri,
              code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
              code_challenge_method: 'S256',
              scope: 'notes:read',
            }).toString()}`,
          );
          assert.match(visit.location ?? '', /[?&]code=/);
        },
      },
    ],
  },
];
