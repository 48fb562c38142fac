import Provider from 'oidc-provider';
import pg from 'pg';
import { PostgresAdapter } from './oidc-provider-adapter.mjs';
import { issuer, port, ready, resource } from './worker.mjs';

const ACCOUNT = 'bench-account';
const SCOPE = 'notes:read notes:write';
const { agent, app, redirect, challenge } = JSON.parse(process.env.SET_UP);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const provider = new Provider(issuer, {
  adapter: (model) => new PostgresAdapter(pool, model),
  jwks: { keys: [{ ...JSON.parse(process.env.PRIVATE_JWK), kid: 'peer', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: ['only cookies of this bench'] },
  clients: [
    {
      ...agent,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: app,
      token_endpoint_auth_method: 'none',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'refresh_token'],
      application_type: 'native',
      id_token_signed_response_alg: 'ES256',
    },
  ],
  scopes: ['openid', 'offline_access'],
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 900,
    ClientCredentials: 900,
    RefreshToken: 1_209_600,
    Grant: 1_209_600,
    AuthorizationCode: 3600,
  },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, indicator) => ({
        audience: indicator,
        scope: SCOPE,
        accessTokenTTL: 900,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const times = (count, make) => Promise.all(Array.from({ length: count }, make));

/** As consent would have made it. */
async function newGrant(client) {
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: client.clientId });
  grant.addResourceScope(resource, SCOPE);
  grant.addOIDCScope('offline_access');
  return grant.save();
}

async function granted(count, make) {
  const client = await provider.Client.find(app);
  const scope = `${SCOPE} offline_access`;
  return times(count, async () => {
    const grantId = await newGrant(client);
    return make({ accountId: ACCOUNT, client, grantId, scope, resource }).save();
  });
}

const now = () => Math.floor(Date.now() / 1000);
const answers = {
  refreshTokens: ({ count }) =>
    granted(
      count,
      (of) => new provider.RefreshToken({ ...of, gty: 'authorization_code', authTime: now(), iiat: now() }),
    ),
  codes: ({ count }) =>
    granted(
      count,
      (of) =>
        new provider.AuthorizationCode({
          ...of,
          redirectUri: redirect,
          codeChallenge: challenge,
          codeChallengeMethod: 'S256',
          authTime: now(),
        }),
    ),
  /** Its JWT access tokens it does not introspect: these are opaque. */
  accessTokens: ({ count }) =>
    granted(
      count,
      ({ resource: aud, ...of }) =>
        new provider.AccessToken({ ...of, aud, scope: SCOPE, gty: 'authorization_code' }),
    ),
};

await pool.query(PostgresAdapter.schema);
provider.listen(port, '127.0.0.1', () => ready(answers));
