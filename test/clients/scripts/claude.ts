import { strict as assert } from 'node:assert';
import type { Script } from '../script.js';

const redirectUri = 'https://claude.ai/api/mcp/auth_callback';
const grant_types = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'];

/** Web, Desktop and mobile. */
export const claude: readonly Script[] = [
  {
    client: 'Claude',
    registration: {
      way: 'document',
      clientId: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
    },
    redirectUri,
    ownWays: [
      {
        words: 'the jwt-bearer grant that it declares is passed over',
        async check(run) {
          const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
          const { status, body } = await run.token({ grant_type, assertion: 'x' });
          assert.equal(`${status} ${String(body.error)}`, '400 unsupported_grant_type');
        },
      },
    ],
  },
  {
    client: 'Claude',
    registration: {
      way: 'registration',
      body: {
        redirect_uris: [redirectUri, 'https://claude.com/api/mcp/auth_callback'],
        grant_types,
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        scope: 'notes:read',
      },
    },
    redirectUri,
    ownWays: [
      {
        words: 'a registration without client_name is taken; the consent names its client_id',
        async check(run) {
          const page = await run.browser.go(
            `${run.metadata.authorization_endpoint}?${new URLSearchParams({
              response_type: 'code',
              client_id: run.clientId,
              redirect_uri: 'https://claude.com/api/mcp/auth_callback',
              code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
              code_challenge_method: 'S256',
            }).toString()}`,
          );
          assert.ok(page.text.includes(run.clientId), page.text.slice(0, 500));
        },
      },
    ],
  },
];
