import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { oauthProvider } from '@better-auth/oauth-provider';
import { hash, verify } from '@node-rs/argon2';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';
import pg from 'pg';
import { issuer, port, ready, resource } from './worker.mjs';

const SCOPES = ['notes:read', 'notes:write'];
const ARGON = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const { agent, app, redirect, challenge } = JSON.parse(process.env.SET_UP);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const options = {
  baseURL: issuer,
  secret: process.env.SECRET,
  database: pool,
  // Of the same cost as everyone's here; its own is scrypt.
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => hash(password, ARGON),
      verify: ({ hash: stored, password }) => verify(stored, password),
    },
  },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  disabledPaths: ['/token'],
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    oauthProvider({
      loginPage: '/login',
      consentPage: '/consent',
      scopes: ['openid', 'offline_access', ...SCOPES],
      resources: [{ identifier: resource, name: 'Notes' }],
      enforcePerClientResources: false,
      accessTokenExpiresIn: 900,
      m2mAccessTokenExpiresIn: 900,
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
  ],
};

// Its check of the schema begins with it: the tables come first.
const { runMigrations } = await getMigrations(options);
await runMigrations();
const auth = betterAuth(options);
const context = await auth.$context;
/** As it stores secrets, codes and tokens by default. */
const stored = (value) => createHash('sha256').update(value).digest('base64url');
const now = () => new Date();
const inAnHour = () => new Date(Date.now() + 3_600_000);

async function setUp() {
  const where = [{ field: 'clientId', value: agent.client_id }];
  if (await context.adapter.findOne({ model: 'oauthClient', where })) return;
  const client = (data) =>
    context.adapter.create({
      model: 'oauthClient',
      data: { createdAt: now(), updatedAt: now(), redirectUris: [redirect], ...data },
    });
  await client({
    clientId: agent.client_id,
    clientSecret: stored(agent.client_secret),
    scopes: SCOPES,
    clientCredentialsScopes: SCOPES,
    grantTypes: ['client_credentials'],
    tokenEndpointAuthMethod: 'client_secret_basic',
  });
  await client({
    clientId: app,
    scopes: [...SCOPES, 'offline_access'],
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    tokenEndpointAuthMethod: 'none',
    public: true,
  });
  // Lets the agent introspect what was issued for it.
  await context.adapter.create({
    model: 'oauthClientResource',
    data: { clientId: agent.client_id, resourceId: resource, createdAt: now() },
  });
}

let person;
/** An account with a session, from which codes and refresh tokens hang. */
async function somebody() {
  person ??= (async () => {
    const email = 'granted@example.com';
    const { user } = await auth.api.signUpEmail({
      body: { email, password: 'violet-Kettle-9-marmalade-orbit', name: 'Granted' },
    });
    const session = await context.internalAdapter.createSession(user.id);
    return { userId: user.id, sessionId: session.id };
  })();
  return person;
}

async function make(count, one) {
  const who = await somebody();
  return Promise.all(
    Array.from({ length: count }, async () => {
      const value = randomBytes(24).toString('base64url');
      await one(value, who);
      return value;
    }),
  );
}

const answers = {
  refreshTokens: ({ count }) =>
    make(count, (token, who) =>
      context.adapter.create({
        model: 'oauthRefreshToken',
        data: {
          ...who,
          token: stored(token),
          clientId: app,
          scopes: [...SCOPES, 'offline_access'],
          resources: [resource],
          createdAt: now(),
          expiresAt: inAnHour(),
        },
      }),
    ),
  codes: ({ count }) =>
    make(count, (code, who) =>
      context.internalAdapter.createVerificationValue({
        identifier: stored(code),
        expiresAt: inAnHour(),
        value: JSON.stringify({
          type: 'authorization_code',
          ...who,
          resource: [resource],
          query: {
            response_type: 'code',
            client_id: app,
            redirect_uri: redirect,
            scope: [...SCOPES, 'offline_access'].join(' '),
            code_challenge: challenge,
            code_challenge_method: 'S256',
            resource,
          },
        }),
      }),
    ),
};

await setUp();
createServer(toNodeHandler(auth)).listen(port, '127.0.0.1', () => ready(answers));
