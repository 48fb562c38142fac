import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as openid from 'openid-client';
import { throughPages } from '../clients/pages.js';
import { remember } from '../support/credentials.js';
import { Browser, REDIRECT } from '../support/oauth.js';
import { type Hosted, startHosted, withGlobals } from './host-app.js';

let hosted: Hosted;
let bearer: string;
beforeAll(async () => {
  // A stream that a stop did not end would hold it up for as long.
  hosted = await startHosted({ configure: withGlobals, settings: { SHUTDOWN_GRACE: 600 } });
});

test('openid-client registers, takes a person through the pages and gets a token', async () => {
  const config = await openid.dynamicClientRegistration(
    new URL(hosted.url),
    { client_name: 'An app', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
    openid.None(),
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a service on loopback has no TLS
    { execute: [openid.allowInsecureRequests] },
  );
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const link = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid pages:read',
    resource: hosted.config.resource,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  });
  const person = await hosted.person();
  const location = await throughPages(new Browser(hosted.url), person, link.href);
  const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true };
  const tokens = await openid.authorizationCodeGrant(config, new URL(location), checks);
  remember(tokens);
  expect(tokens.claims()).toMatchObject({ sub: person.id });
  bearer = tokens.access_token;
});

test('MCP clients of both eras call a tool of the application; a close ends their streams', async () => {
  await hosted.call('POST', '/api/pages', { body: { title: 'One' } });
  const requestInit = { headers: { Authorization: `Bearer ${bearer}` } };
  const modern = new ModernClient({ name: 'test', version: '1' });
  await modern.connect(new ModernTransport(new URL(hosted.config.resource), { requestInit }));
  const legacy = new LegacyClient({ name: 'test', version: '1' });
  const transport = new LegacyTransport(new URL(hosted.config.resource), { requestInit });
  await legacy.connect(transport);
  for (const client of [modern, legacy]) {
    const answer = await client.callTool({ name: 'pages_list', arguments: {} });
    expect(answer.structuredContent).toEqual({ titles: ['One'], caller: 'user' });
  }
  await hosted.stop();
  await modern.close();
  await legacy.close();
});

afterAll(async () => {
  await hosted.stop();
});
