import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from 'undici';
import { startTestService, type TestService } from '../support/harness.js';
import { type Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';
import { type FuzzRequest, type Grammar, requestsOf } from './fuzz-requests.js';

/** Another run: FUZZ_SEED=<number>; a longer one: FUZZ_FACTOR=10. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const FACTOR = Number(process.env['FUZZ_FACTOR'] ?? 1);
const AT_ONCE = 40;
const PATIENCE_MS = 5000;
const REDIRECTS = [REDIRECT, 'http://localhost:7777/callback', 'com.example.app:/callback'];
/** Where a redirect may lead: our own sign-in and consent, or a registered URI (any port of the loopback one). */
const ALLOWED_LOCATION =
  /^(?:\/login\?continue=[\w-]+|\/consent\?request=[\w-]+|https:\/\/client\.example\/callback\?[^#\s]+|http:\/\/localhost(?::\d{1,5})?\/callback\?[^#\s]+|com\.example\.app:\/callback\?[^#\s]+)$/;
const FORBIDDEN_REGISTRATION =
  /^(?:javascript|data|vbscript|file|http:(?!\/\/(?:localhost|127\.0\.0\.1|\[::1\])[:/]?))/i;

let service: TestService;
let pool: Pool;
const grammars: Record<string, Grammar> = {};

beforeAll(async () => {
  service = await startTestService({
    env: { LOG_LEVEL: 'error', TRUST_PROXY: '127.0.0.1', REFRESH_REPLAY_WINDOW: '600' },
  });
  pool = new Pool(service.url, { connections: AT_ONCE });
  const oauth = new OauthDriver(service);
  const { browser, clientId, answer } = await oauth.connect(await service.person(), {
    clientId: (await oauth.register({ redirect_uris: REDIRECTS })).client_id,
  });
  const secret = await oauth.register({ token_endpoint_auth_method: 'client_secret_post' });
  const codes = await freshCodes(oauth, browser, clientId);
  const cookie = [...(Reflect.get(browser, 'cookies') as Map<string, string>)]
    .map((pair) => pair.join('='))
    .join('; ');
  grammars['authorize'] = {
    path: '/oauth/authorize',
    methods: ['GET', 'GET', 'POST'],
    json: false,
    headers: [{}, { cookie }, { cookie }],
    parameters: {
      client_id: [clientId, clientId, clientId, secret.client_id],
      redirect_uri: [...REDIRECTS, REDIRECT, REDIRECT],
      response_type: ['code'],
      code_challenge: [pkce().challenge],
      code_challenge_method: ['S256'],
      state: ['st/a=te=='],
      scope: ['notes:read', 'openid email notes:read'],
      resource: [service.config.resource],
      nonce: ['n-0S6'],
      prompt: ['', '', 'none', 'consent'],
      max_age: ['', '3600'],
      login_hint: ['', 'a@example.com'],
    },
  };
  grammars['token'] = {
    path: '/oauth/token',
    methods: ['POST'],
    json: false,
    headers: [{}],
    parameters: {
      grant_type: [
        'authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      client_id: [clientId, clientId, clientId, secret.client_id],
      client_secret: ['', '', '', secret.client_secret ?? ''],
      code: codes.map(({ code }) => code),
      code_verifier: codes.map(({ verifier }) => verifier),
      redirect_uri: ['', REDIRECT],
      refresh_token: [answer.body.refresh_token],
      scope: ['', 'notes:read'],
      resource: ['', service.config.resource],
      device_code: ['tgd_x'],
      subject_token: [answer.body.access_token],
      client_assertion_type: ['', '', '', '', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
      client_assertion: ['', '', '', '', answer.body.access_token],
    },
  }; // prettier-ignore
  grammars['registration'] = {
    path: '/oauth/register',
    methods: ['POST'],
    json: true,
    headers: [{}],
    parameters: {
      redirect_uris: [REDIRECTS, [REDIRECT], ['http://127.0.0.1/cb']],
      token_endpoint_auth_method: ['none', 'client_secret_basic', 'client_secret_post'],
      grant_types: [['authorization_code', 'refresh_token'], ['authorization_code']],
      response_types: [['code']],
      client_name: ['A client', 'Ein Cliént'],
      client_uri: ['https://client.example/'],
      logo_uri: ['https://client.example/logo.png'],
      contacts: [['a@example.com']],
      scope: ['notes:read'],
      application_type: ['web', 'native'],
      software_id: ['x'],
      jwks: [null, null, { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }] }],
    },
  };
});
afterAll(async () => {
  await pool.destroy();
  await service.stop();
});

function freshCodes(oauth: OauthDriver, browser: Browser, clientId: string) {
  return Promise.all(
    Array.from({ length: 3 }, async () => {
      const { verifier, challenge } = pkce();
      const answer = await oauth.code(browser, oauth.authorizeUrl(clientId, challenge));
      return { verifier, code: answer.get('code') ?? '' };
    }),
  );
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What is wrong with an answer; undefined when nothing is. */
function problemOf({ method }: FuzzRequest, { status, headers, body }: Answered): string | undefined {
  if (status >= 500) return `status ${status}: ${body}`;
  const { location, 'content-type': type = '' } = headers;
  if (location !== undefined && !ALLOWED_LOCATION.test(String(location)))
    return `leads to ${String(location)}`;
  if (status >= 300 && status < 400)
    return status === 303 && location !== undefined ? undefined : `status ${status}`;
  if (method === 'HEAD' || method === 'OPTIONS') return undefined;
  if (String(type).startsWith('text/html'))
    return /<\/html>\s*$/.test(body) && !/<script/i.test(body) ? undefined : `a page cut short: ${body}`;
  if (!String(type).startsWith('application/json')) return `content type ${String(type)}`;
  const answer = JSON.parse(body) as Record<string, unknown>;
  if (status >= 400) return typeof answer['error'] === 'string' ? undefined : `no error word: ${body}`;
  const redirects = [answer['redirect_uris'] ?? []].flat().map(String);
  return redirects.some((uri) => FORBIDDEN_REGISTRATION.test(uri)) ? `registered ${body}` : undefined;
}

/** Over one pool of open connections (Fastify's inject cannot be loaded by Jest on Node 20), each from an address of its own. */
async function answerOf({ method, url, headers, body }: FuzzRequest, from: number): Promise<Answered> {
  const answer = await pool.request({
    method,
    path: url,
    headers: { ...headers, 'x-forwarded-for': `10.${from >> 16}.${(from >> 8) & 255}.${from & 255}` },
    body: body ?? null,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

describe(`fuzzed with seed ${SEED}`, () => {
  test.each([
    ['authorize', 9000],
    ['token', 8000],
    ['registration', 4000],
  ])(
    '%s: %d near-valid requests meet no 5xx, no foreign redirect, no hang, and errors in one form',
    async (name, inputs) => {
      const grammar = grammars[name];
      if (!grammar) throw new Error(name);
      const statuses: Record<string, number> = {};
      let sent = 0;
      const batch = fc.array(requestsOf(grammar), { minLength: AT_ONCE, maxLength: AT_ONCE });
      const check = async (requests: FuzzRequest[]) => {
        const problems = await Promise.all(
          requests.map(async (request) => {
            sent += 1;
            const answer = await answerOf(request, sent).catch((error: unknown) => {
              const headers = {};
              return { status: 599, headers, body: String(error) };
            });
            statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
            const problem = problemOf(request, answer);
            return problem === undefined ? [] : [{ request, problem }];
          }),
        );
        if (problems.flat().length > 0) throw new Error(JSON.stringify(problems.flat().slice(0, 3), null, 1));
      };
      const numRuns = Math.ceil((inputs * FACTOR) / AT_ONCE);
      const result = await fc.check(fc.asyncProperty(batch, check), {
        seed: SEED,
        numRuns,
        endOnFailure: true,
      });
      if (result.failed) throw result.errorInstance;
      // Not all fell at the first hurdle: enough were right to reach what lies behind.
      const passed = (statuses['200'] ?? 0) + (statuses['201'] ?? 0) + (statuses['303'] ?? 0);
      expect([statuses, passed > inputs / 100]).toEqual([statuses, true]);
      if (process.env['FUZZ_REPORT']) process.stderr.write(`${name} ${JSON.stringify(statuses)}\n`);
    },
    120_000 * FACTOR,
  );
});
