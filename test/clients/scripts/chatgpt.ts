import { strict as assert } from 'node:assert';
import { generateKeyPairSync } from 'node:crypto';
import { WELL_KNOWN_CLIENTS } from '../../../src/oauth/client-documents/well-known-clients.js';
import type { Script } from '../script.js';

const clientId = 'https://chatgpt.com/oauth/client.json';
/** Its document, but for where its keys are: a server of this test has them. */
const document = (jwks_uri: string) => ({ ...(WELL_KNOWN_CLIENTS.get(clientId) as object), jwks_uri });

export const chatgpt: readonly Script[] = [
  {
    client: 'ChatGPT, private_key_jwt',
    registration: { way: 'document', clientId, document },
    redirectUri: 'https://chatgpt.com/connector_platform_oauth_redirect',
    authMethod: 'private_key_jwt',
    ownWays: [
      {
        words: 'an assertion of another key is refused, and so is one sent twice',
        async check(run) {
          const send = async (client_assertion: string) => {
            const { status, body } = await run.service.call('POST', run.at(run.metadata.token_endpoint), {
              headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
              body: new URLSearchParams({
                grant_type: 'refresh_token',
                refresh_token: 'not-one-of-ours',
                client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
                client_assertion,
              }).toString(),
            });
            return `${status} ${String(body.error)}`;
          };
          const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
          assert.equal(await send(await run.assertion(stranger)), '401 invalid_client');
          const own = await run.assertion();
          assert.equal(await send(own), '400 invalid_grant');
          assert.equal(await send(own), '401 invalid_client');
        },
      },
    ],
  },
  {
    client: 'ChatGPT, none',
    registration: { way: 'document', clientId, document },
    redirectUri: 'https://chatgpt.com/connector_platform_oauth_redirect',
    ownWays: [
      {
        words: 'the list token_endpoint_auth_methods_supported of its document lets it come without a key',
        async check(run) {
          assert.equal((await run.refresh('not-one-of-ours')).body.error, 'invalid_grant');
        },
      },
    ],
  },
  {
    client: 'ChatGPT',
    registration: {
      way: 'registration',
      body: {
        client_name: 'ChatGPT',
        redirect_uris: ['https://chatgpt.com/connector/oauth/a1b2c3'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    },
    redirectUri: 'https://chatgpt.com/connector/oauth/a1b2c3',
  },
];
