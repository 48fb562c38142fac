import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { json, type LocalServer, serve } from '../outbound/servers.js';
import { PASSWORD, startTestService, type TestService } from '../support/harness.js';
import { Browser, tickable } from '../support/oauth.js';
import { makeClient, type MadeClient } from './operator.js';
import { throughPages } from './pages.js';

const REDIRECT = 'https://app.example/callback';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

let service: TestService;
let documents: LocalServer;
/** Its clock stays real: these libraries check the times in what they get. */
beforeAll(async () => {
  service = await startTestService({ env: { OUTBOUND_LOOPBACK: 'true', DEVICE_POLL_INTERVAL: '1' } });
  documents = await serve(json({}));
});
afterAll(async () => {
  await service.stop();
  await documents.stop();
});

const webApp = {
  client_name: 'An app',
  redirect_uris: [REDIRECT],
  grant_types: ['authorization_code', 'refresh_token', DEVICE],
  token_endpoint_auth_method: 'client_secret_basic',
};

/** A person allows a device what it asks for. */
async function allowDevice(link: string, userCode: string): Promise<void> {
  const browser = new Browser(service.url);
  const { email } = await service.person();
  await browser.submit(await browser.go('/login'), { email, password: PASSWORD });
  const asked = await browser.submit(await browser.go(link), { user_code: userCode });
  await browser.submit(asked, { decision: 'allow', scope: tickable(asked) });
}

const callTool = async (bearer: string): Promise<number> =>
  (
    await service.call('POST', '/mcp', {
      bearer,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
      headers: { Accept: 'application/json, text/event-stream' },
    })
  ).status;

describe('openid-client 6', () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- a service on loopback has no TLS
  const insecure = { execute: [openid.allowInsecureRequests] };
  const discover = ({ client_id, client_secret }: MadeClient, auth?: openid.ClientAuth) =>
    openid.discovery(new URL(service.url), client_id, client_secret, auth, insecure);

  test.each([
    ['client_secret_basic', openid.ClientSecretBasic],
    ['client_secret_post', openid.ClientSecretPost],
  ] as const)(
    'takes a person through sign-in by %s, userinfo, refresh, introspection and revocation',
    async (token_endpoint_auth_method, authentication) => {
      const made = await makeClient(service, { ...webApp, token_endpoint_auth_method });
      const config = await discover(made, authentication(made.client_secret));
      const pkceCodeVerifier = openid.randomPKCECodeVerifier();
      const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
      const link = openid.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT,
        scope: 'openid email offline_access notes:read',
        resource: service.config.resource,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state: expectedState,
        nonce: expectedNonce,
      });
      const person = await service.person();
      const location = await throughPages(new Browser(service.url), person, link.href);
      const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
      const tokens = await openid.authorizationCodeGrant(config, new URL(location), checks);
      expect(tokens.claims()).toMatchObject({ sub: person.id, email: person.email });
      expect(await callTool(tokens.access_token)).toBe(200);
      expect(await openid.fetchUserInfo(config, tokens.access_token, person.id)).toMatchObject({
        email: person.email,
      });

      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
      expect(refreshed.scope?.split(' ').sort()).toEqual(tokens.scope?.split(' ').sort());
      expect(await openid.tokenIntrospection(config, refreshed.access_token)).toMatchObject({
        active: true,
        client_id: made.client_id,
        sub: person.id,
      });
      await openid.tokenRevocation(config, refreshed.refresh_token ?? '');
      expect(await openid.tokenIntrospection(config, refreshed.access_token)).toEqual({ active: false });
      expect(await callTool(refreshed.access_token)).toBe(401);
      await expect(openid.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
        error: 'invalid_grant',
      });
    },
  );

  test.each(['EdDSA', 'RS256'])('checks an ID token that is signed with %s', async (algorithm) => {
    const other = await startTestService({ env: { SIGNING_ALGORITHM: algorithm } });
    try {
      const config = await openid.dynamicClientRegistration(
        new URL(other.url),
        { ...webApp, token_endpoint_auth_method: 'none' },
        openid.None(),
        insecure,
      );
      openid.enableNonRepudiationChecks(config);
      const pkceCodeVerifier = openid.randomPKCECodeVerifier();
      const link = openid.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT,
        scope: 'openid',
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      });
      const person = await other.person();
      const location = await throughPages(new Browser(other.url), person, link.href);
      const checks = { pkceCodeVerifier, idTokenExpected: true };
      const tokens = await openid.authorizationCodeGrant(config, new URL(location), checks);
      expect(tokens.claims()?.sub).toBe(person.id);
    } finally {
      await other.stop();
    }
  });

  test('registers itself and takes a device through', async () => {
    const config = await openid.dynamicClientRegistration(
      new URL(service.url),
      { ...webApp, token_endpoint_auth_method: 'none' },
      openid.None(),
      insecure,
    );
    const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid notes:read' });
    await allowDevice(device.verification_uri_complete ?? '', device.user_code);
    const tokens = await openid.pollDeviceAuthorizationGrant(config, device);
    expect(await callTool(tokens.access_token)).toBe(200);
  });

  test.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('acts for itself with a key, %s', async (algorithm) => {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    const key = { ...(await exportJWK(pair.publicKey)), kid: 'one' };
    const made = await makeClient(service, {
      grant_types: ['client_credentials'],
      own_scopes: ['notes:read'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key] },
    });
    const config = await discover(made, openid.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }));
    const tokens = await openid.clientCredentialsGrant(config, { resource: service.config.resource });
    expect(tokens.scope).toBe('notes:read');
    expect(await callTool(tokens.access_token)).toBe(200);
  });

  test('is known by a metadata document and the keys that it points to', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'one' }];
    const client_id = `${documents.url}/client.json`;
    documents.answer = (request, response) => {
      const found = request.url === '/keys.json' ? { keys } : { ...document };
      json(found)(request, response);
    };
    const document = {
      client_id,
      client_name: 'An app with a document',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${documents.url}/keys.json`,
    };
    const config = await discover({ client_id }, openid.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }));
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const link = openid.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: 'notes:read',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    const location = await throughPages(new Browser(service.url), await service.person(), link.href);
    const tokens = await openid.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier });
    expect(await callTool(tokens.access_token)).toBe(200);
  });
});

describe('oauth4webapi 3', () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- a service on loopback has no TLS
  const insecure = { [oauth.allowInsecureRequests]: true };

  test.each(['oidc', 'oauth2'] as const)('finds the server as %s and the resource', async (algorithm) => {
    const issuer = new URL(service.url);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm, ...insecure }),
    );
    expect(server.issuer).toBe(service.config.issuer);
    const resource = new URL(service.config.resource);
    const found = await oauth.processResourceDiscoveryResponse(
      resource,
      await oauth.resourceDiscoveryRequest(resource, insecure),
    );
    expect(found.authorization_servers).toEqual([service.config.issuer]);
  });

  test('takes a person through, and a resource server believes the access token', async () => {
    const issuer = new URL(service.url);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
    );
    const client = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(server, webApp, insecure),
    );
    const authentication = oauth.ClientSecretBasic(client['client_secret'] as string);
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const link = new URL(server.authorization_endpoint ?? '');
    link.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: REDIRECT,
      response_type: 'code',
      scope: 'openid notes:read',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).toString();
    const person = await service.person();
    const location = await throughPages(new Browser(service.url), person, link.href);
    const callback = oauth.validateAuthResponse(server, client, new URL(location), state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, client, authentication, callback, REDIRECT, verifier, insecure,
    ); // prettier-ignore
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(server, response, insecure);
    expect(oauth.getValidatedIdTokenClaims(tokens)?.sub).toBe(person.id);
    const request = new Request(service.config.resource, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    expect(
      await oauth.validateJwtAccessToken(server, request, service.config.resource, insecure),
    ).toMatchObject({ sub: person.id, client_id: client.client_id });

    const refreshed = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(
        server,
        client,
        authentication,
        tokens.refresh_token ?? '',
        insecure,
      ),
    );
    const introspect = async () =>
      oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, authentication, refreshed.access_token, insecure),
      );
    expect(await introspect()).toMatchObject({ active: true, scope: expect.stringContaining('notes:read') });
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, authentication, refreshed.access_token, insecure),
    );
    expect(await introspect()).toEqual({ active: false });

    const device = await oauth.processDeviceAuthorizationResponse(
      server,
      client,
      await oauth.deviceAuthorizationRequest(
        server,
        client,
        authentication,
        { scope: 'notes:read' },
        insecure,
      ),
    );
    await allowDevice(device.verification_uri_complete ?? '', device.user_code);
    const ofDevice = await oauth.processDeviceCodeResponse(
      server,
      client,
      await oauth.deviceCodeGrantRequest(server, client, authentication, device.device_code, insecure),
    );
    expect(await callTool(ofDevice.access_token)).toBe(200);
  });

  test('acts for itself', async () => {
    const issuer = new URL(service.url);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, insecure),
    );
    const made = await makeClient(service, {
      grant_types: ['client_credentials'],
      own_scopes: ['notes:read'],
    });
    const client = { client_id: made.client_id };
    const authentication = oauth.ClientSecretPost(made.client_secret ?? '');
    const tokens = await oauth.processClientCredentialsResponse(
      server,
      client,
      await oauth.clientCredentialsGrantRequest(
        server,
        client,
        authentication,
        { scope: 'notes:read' },
        insecure,
      ),
    );
    expect(await callTool(tokens.access_token)).toBe(200);
  });
});
