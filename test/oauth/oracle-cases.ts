import { pkce, REDIRECT } from '../support/oauth.js';
import { type Credentials, DEVICE, LOOPBACK, type OracleCase, type Subject } from './oracle.js';

type Fields = Record<string, string | undefined>;
type Of<T> = (subject: Subject) => T;

const encoded = (fields: Fields, more = '') =>
  new URLSearchParams(Object.entries(fields).filter((one): one is [string, string] => one[1] !== undefined)).toString() +
  more; // prettier-ignore
const FORM = 'application/x-www-form-urlencoded';
const CHALLENGE = pkce().challenge;
const VERIFIER = pkce().verifier;
const basicOf = ({ id, secret }: Credentials) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const authorize = (name: string, fields: Of<Fields>, more = '', method = 'GET'): OracleCase => ({
  name: `authorize: ${name}`,
  send(subject) {
    const query = encoded(
      {
        response_type: 'code',
        client_id: subject.pub.id,
        redirect_uri: REDIRECT,
        code_challenge: CHALLENGE,
        code_challenge_method: 'S256',
        scope: 'notes:read',
        resource: subject.resource,
        state: 's',
        ...fields(subject),
      },
      more,
    );
    return method === 'GET'
      ? fetch(`${subject.authorize}?${query}`, { redirect: 'manual' })
      : fetch(subject.authorize, { method, redirect: 'manual', headers: { 'Content-Type': FORM }, body: query });
  },
}); // prettier-ignore

const token = (
  name: string,
  fields: Of<Fields>,
  { authorization, more = '', type = FORM, method = 'POST' }: {
    authorization?: Of<string>;
    more?: string;
    type?: string;
    method?: string;
  } = {},
): OracleCase => ({
  name: `token: ${name}`,
  send: (subject) =>
    fetch(subject.token, {
      method,
      redirect: 'manual',
      headers: {
        ...(method === 'GET' ? {} : { 'Content-Type': type }),
        ...(authorization && { Authorization: authorization(subject) }),
      },
      ...(method === 'GET' ? {} : { body: encoded(fields(subject), more) }),
    }),
}); // prettier-ignore

const registration = (name: string, body: unknown, type = 'application/json'): OracleCase => ({
  name: `registration: ${name}`,
  send: ({ register }) =>
    fetch(register, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
});
const client = (name: string, more: object) =>
  registration(name, { redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none', ...more });
const code = (more: Fields = {}) => ({
  grant_type: 'authorization_code',
  code: 'x',
  code_verifier: VERIFIER,
  redirect_uri: REDIRECT,
  ...more,
});
const asPub: Of<Fields> = ({ pub }) => code({ client_id: pub.id }); // prettier-ignore

export const CASES: readonly OracleCase[] = [
  authorize('a right request', () => ({})),
  authorize('a right request by POST', () => ({}), '', 'POST'),
  authorize('no client_id', () => ({ client_id: undefined })),
  authorize('an empty client_id', () => ({ client_id: '' })),
  authorize('an unknown client', () => ({ client_id: 'nobody' })),
  authorize('client_id twice', () => ({}), '&client_id=x'),
  authorize('no redirect_uri where one is registered', () => ({ redirect_uri: undefined })),
  authorize('another redirect_uri', () => ({ redirect_uri: 'https://evil.com/' })),
  authorize('a redirect_uri with a suffix', () => ({ redirect_uri: `${REDIRECT}/x` })),
  authorize('a redirect_uri with a query', () => ({ redirect_uri: `${REDIRECT}?x=y` })),
  authorize('redirect_uri twice', () => ({}), `&redirect_uri=${encodeURIComponent(REDIRECT)}`),
  authorize('a fragment in redirect_uri', () => ({ redirect_uri: `${REDIRECT}#x` })),
  authorize('a loopback redirect_uri with another port', ({ native }) => ({ client_id: native.id, redirect_uri: 'http://127.0.0.1:5123/callback' })),
  authorize('a loopback redirect_uri with another path', ({ native }) => ({ client_id: native.id, redirect_uri: 'http://127.0.0.1/other' })),
  authorize('localhost for a registered 127.0.0.1', ({ native }) => ({ client_id: native.id, redirect_uri: 'http://localhost/callback' })),
  authorize('no response_type', () => ({ response_type: undefined })),
  authorize('an empty response_type', () => ({ response_type: '' })),
  authorize('response_type=token', () => ({ response_type: 'token' })),
  authorize('response_type=code token', () => ({ response_type: 'code token' })),
  authorize('response_mode=fragment', () => ({ response_mode: 'fragment' })),
  authorize('response_mode=query', () => ({ response_mode: 'query' })),
  authorize('an unknown response_mode', () => ({ response_mode: 'x' })),
  authorize('no challenge', () => ({ code_challenge: undefined })),
  authorize('no challenge and no method', () => ({ code_challenge: undefined, code_challenge_method: undefined })),
  authorize('plain', () => ({ code_challenge_method: 'plain' })),
  authorize('a challenge without a method', () => ({ code_challenge_method: undefined })),
  authorize('an unknown method', () => ({ code_challenge_method: 'S512' })),
  authorize('a challenge cut short', () => ({ code_challenge: 'abc' })),
  authorize('a challenge with a forbidden character', () => ({ code_challenge: `${CHALLENGE.slice(0, 42)}!` })),
  authorize('state twice', () => ({}), '&state=t'),
  authorize('scope twice', () => ({}), '&scope=x'),
  authorize('no state', () => ({ state: undefined })),
  authorize('no scope', () => ({ scope: undefined })),
  authorize('an unknown scope', () => ({ scope: 'unknown:scope' })),
  authorize('a known and an unknown scope', () => ({ scope: 'notes:read unknown:scope' })),
  authorize('a scope with a forbidden character', () => ({ scope: 'a"b' })),
  authorize('openid too', () => ({ scope: 'openid notes:read' })),
  authorize('an unknown resource', () => ({ resource: 'https://unknown.example/' })),
  authorize('a resource that is no URI', () => ({ resource: 'x' })),
  authorize('a resource with a fragment', ({ resource }) => ({ resource: `${resource}#x` })),
  authorize('no resource', () => ({ resource: undefined })),
  authorize('two resources', () => ({}), '&resource=https%3A%2F%2Funknown.example%2F'),
  authorize('prompt=none of nobody', () => ({ prompt: 'none' })),
  authorize('prompt=none login', () => ({ prompt: 'none login' })),
  authorize('an unknown prompt', () => ({ prompt: 'x' })),
  authorize('prompt=login', () => ({ prompt: 'login' })),
  authorize('max_age that is no number', () => ({ max_age: 'x' })),
  authorize('max_age below zero', () => ({ max_age: '-1' })),
  authorize('a request object', () => ({ request: 'x.y.z' })),
  authorize('a request_uri', () => ({ request_uri: 'urn:x' })),
  authorize('an unknown parameter', () => ({ foo: 'bar' })),
  authorize('a client of another grant', ({ agent }) => ({ client_id: agent.id })),

  token('nothing', () => ({})),
  token('no grant_type', ({ pub }) => ({ client_id: pub.id })),
  token('an empty grant_type', ({ pub }) => ({ grant_type: '', client_id: pub.id })),
  token('an unknown grant_type', ({ pub }) => ({ grant_type: 'x', client_id: pub.id })),
  token('password', ({ pub }) => ({ grant_type: 'password', client_id: pub.id, username: 'a', password: 'b' })),
  token('jwt-bearer', ({ pub }) => ({ grant_type: JWT_BEARER, client_id: pub.id, assertion: 'x' })),
  token('token exchange of a client without it', ({ pub }) => ({ grant_type: EXCHANGE, client_id: pub.id, subject_token: 'x' })),
  token('grant_type twice', asPub, { more: '&grant_type=authorization_code' }),
  token('code twice', asPub, { more: '&code=y' }),
  token('an unknown code', asPub),
  token('no code', ({ pub }) => code({ client_id: pub.id, code: undefined })),
  token('no verifier', ({ pub }) => code({ client_id: pub.id, code_verifier: undefined })),
  token('a verifier cut short', ({ pub }) => code({ client_id: pub.id, code_verifier: 'x' })),
  token('no redirect_uri', ({ pub }) => code({ client_id: pub.id, redirect_uri: undefined })),
  token('no client_id', () => code()),
  token('an unknown client', () => code({ client_id: 'nobody' })),
  token('a public client with a secret', ({ pub }) => code({ client_id: pub.id, client_secret: 'x' })),
  token('a confidential client without a secret', ({ basic }) => code({ client_id: basic.id })),
  token('a wrong secret in Basic', () => code(), { authorization: ({ basic }) => basicOf({ ...basic, secret: 'x' }) }),
  token('a right secret in Basic', () => code(), { authorization: ({ basic }) => basicOf(basic) }),
  token('a right secret by the other method', ({ basic }) => code({ client_id: basic.id, client_secret: basic.secret })),
  token('two methods at once', ({ basic }) => code({ client_id: basic.id, client_secret: basic.secret }), { authorization: ({ basic }) => basicOf(basic) }),
  token('Basic of one client, client_id of another', ({ pub }) => code({ client_id: pub.id }), { authorization: ({ basic }) => basicOf(basic) }),
  token('malformed Basic', () => code(), { authorization: () => 'Basic !!!' }),
  token('Basic without a colon', () => code(), { authorization: () => 'Basic eHg=' }),
  token('an Authorization that is not Basic', ({ pub }) => code({ client_id: pub.id }), { authorization: () => 'Bearer x' }),
  token('an unknown refresh token', ({ pub }) => ({ grant_type: 'refresh_token', client_id: pub.id, refresh_token: 'x' })),
  token('no refresh token', ({ pub }) => ({ grant_type: 'refresh_token', client_id: pub.id })),
  token('client credentials', () => ({ grant_type: 'client_credentials' }), { authorization: ({ agent }) => basicOf(agent) }),
  token('client credentials with a scope', () => ({ grant_type: 'client_credentials', scope: 'notes:read' }), { authorization: ({ agent }) => basicOf(agent) }),
  token('client credentials with a foreign scope', () => ({ grant_type: 'client_credentials', scope: 'notes:write' }), { authorization: ({ agent }) => basicOf(agent) }),
  token('client credentials for an unknown resource', () => ({ grant_type: 'client_credentials', resource: 'https://unknown.example/' }), { authorization: ({ agent }) => basicOf(agent) }),
  token('client credentials of a public client', ({ pub }) => ({ grant_type: 'client_credentials', client_id: pub.id })),
  token('client credentials of a client without them', () => ({ grant_type: 'client_credentials' }), { authorization: ({ basic }) => basicOf(basic) }),
  token('an unknown device code', ({ device }) => ({ grant_type: DEVICE, client_id: device.id, device_code: 'x' })),
  token('no device code', ({ device }) => ({ grant_type: DEVICE, client_id: device.id })),
  token('a device code of a client without the flow', ({ pub }) => ({ grant_type: DEVICE, client_id: pub.id, device_code: 'x' })),
  token('JSON for a form', asPub, { type: 'application/json' }),
  token('text for a form', asPub, { type: 'text/plain' }),
  token('GET', () => ({}), { method: 'GET' }),

  client('a public client', {}),
  client('an unknown member', { foo: 'bar' }),
  client('no auth method', { token_endpoint_auth_method: undefined }),
  client('an unknown auth method', { token_endpoint_auth_method: 'x' }),
  client('keys that are not there', { token_endpoint_auth_method: 'private_key_jwt' }),
  client('jwks and jwks_uri', { jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] }, jwks_uri: 'https://x.example/jwks' }),
  client('no redirect_uris', { redirect_uris: undefined }),
  client('empty redirect_uris', { redirect_uris: [] }),
  client('redirect_uris that are a string', { redirect_uris: REDIRECT }),
  client('a javascript redirect', { redirect_uris: ['javascript:alert(1)'] }),
  client('an http redirect', { redirect_uris: ['http://evil.com/'] }),
  client('a fragment', { redirect_uris: [`${REDIRECT}#x`] }),
  client('a relative redirect', { redirect_uris: ['/callback'] }),
  client('an app’s scheme', { redirect_uris: ['com.example.app:/callback'], application_type: 'native' }),
  client('loopback of a native client', { redirect_uris: [LOOPBACK], application_type: 'native' }),
  client('loopback of a web client', { redirect_uris: ['http://localhost/callback'], application_type: 'web' }),
  client('an unknown grant type', { grant_types: ['authorization_code', 'x'] }),
  client('client credentials', { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_basic' }),
  client('response_types=token', { response_types: ['token'], grant_types: ['implicit'] }),
  client('a script as logo', { logo_uri: 'javascript:alert(1)' }),
  client('a script as policy', { policy_uri: 'data:text/html,x' }),
  client('a client_id of its own', { client_id: 'mine' }),
  client('an unknown application_type', { application_type: 'x' }),
  registration('no JSON', '{'),
  registration('a list', []),
  registration('a form', 'redirect_uris=x', FORM),
]; // prettier-ignore
