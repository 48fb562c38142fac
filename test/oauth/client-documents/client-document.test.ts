import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ClientDocumentError } from '../../../src/oauth/client-documents/client-document-error.js';
import { parseClientDocument } from '../../../src/oauth/client-documents/client-document.js';
import { WELL_KNOWN_CLIENTS } from '../../../src/oauth/client-documents/well-known-clients.js';
import { redirectUriProblem } from './support.js';

const URL = 'https://app.example/client.json';
const MINIMAL = { client_id: URL, redirect_uris: ['https://app.example/callback'] };
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PUBLIC = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'one' };

const parse = (more: object = {}, rules: { allowLoopback?: boolean } = {}) =>
  parseClientDocument(URL, { ...MINIMAL, ...more }, { redirectUriProblem, ...rules });
function problem(more: object): string {
  try {
    parse(more);
  } catch (error) {
    expect(error).toBeInstanceOf(ClientDocumentError);
    expect((error as ClientDocumentError).reason).toBe('invalid');
    return (error as Error).message;
  }
  throw new Error('was taken');
}

test('a minimal document is a public client of the code flow', () => {
  expect(parse()).toEqual({
    client_id: URL,
    redirect_uris: ['https://app.example/callback'],
    token_endpoint_auth_method: 'none',
    token_endpoint_auth_methods: ['none'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  });
});

test('a full document is kept, and members that we do not know are not', () => {
  const more = {
    client_name: '  Büro 日本 👩‍💻 ',
    client_uri: 'https://app.example',
    logo_uri: 'https://app.example/logo.png',
    tos_uri: 'https://app.example/tos',
    policy_uri: 'https://app.example/policy',
    scope: 'notes:read notes:write',
    application_type: 'web',
  };
  const parsed = parse({ ...more, code_challenge_methods_supported: ['S256'], own_scopes: ['admin'] });
  expect(parsed).toEqual({ ...parse(), ...more, client_name: 'Büro 日本 👩‍💻' });
});

test('null and empty values count as left out', () => {
  expect(parse({ client_name: '', logo_uri: null, scope: '', jwks: null, grant_types: null })).toEqual(
    parse(),
  );
});

test.each([null, 'x', 1, [MINIMAL], undefined])('%p is no document', (body) => {
  expect(() => parseClientDocument(URL, body, { redirectUriProblem })).toThrow('It is not a JSON object.');
});

test.each([
  ['https://app.example/client.json/'],
  ['https://app.example/client.json?'],
  ['https://APP.example/client.json'],
  ['https://app.example:443/client.json'],
  ['https://other.example/client.json'],
  [''],
  [null],
  [[URL]],
])('a document that names another client_id is refused: %p (spec S21)', (client_id) => {
  expect(problem({ client_id })).toBe(
    `client_id: it is ${JSON.stringify(client_id)}, but must be exactly "${URL}".`,
  );
});

test('a document that names no client_id is refused', () => {
  expect(problem({ client_id: undefined })).toContain('client_id: it is missing');
});

test.each(['client_secret', 'client_secret_expires_at'])('%s is refused, whatever its value', (member) => {
  for (const value of ['s3cret', '', null, 0]) {
    const words = problem({ [member]: value });
    expect(words).toBe(`${member}: a public document cannot hold a secret. Remove it.`);
  }
});

test.each([
  [undefined, 'redirect_uris: must be a list of URIs.'],
  ['https://app.example/callback', 'redirect_uris: must be a list of URIs.'],
  [[], 'redirect_uris: must have at least one URI.'],
  [['https://app.example/cb', 'javascript:alert(1)'], 'redirect_uris: "javascript:alert(1)" is not allowed.'],
])('redirect_uris %p: %s', (redirect_uris, words) => {
  expect(problem({ redirect_uris })).toBe(words);
});

test('too many or too long redirect URIs are refused', () => {
  expect(
    problem({ redirect_uris: Array.from({ length: 51 }, (_, i) => `https://a.example/${i}`) }),
  ).toContain('redirect_uris');
  expect(problem({ redirect_uris: [`https://a.example/${'x'.repeat(2048)}`] })).toContain('redirect_uris.0');
});

describe('authentication methods (spec S22)', () => {
  const jwks_uri = 'https://app.example/jwks.json';

  test.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'tls_client_auth', 'None'])(
    '%s is refused',
    (token_endpoint_auth_method) => {
      expect(problem({ token_endpoint_auth_method })).toBe(
        `token_endpoint_auth_method: "${token_endpoint_auth_method}" is not offered to clients with a document. Use private_key_jwt or none.`,
      );
    },
  );

  test.each([
    // one method, the list, keys -> preferred, accepted
    [undefined, undefined, true, 'none', ['none']],
    ['none', undefined, false, 'none', ['none']],
    ['private_key_jwt', undefined, true, 'private_key_jwt', ['private_key_jwt']],
    [undefined, ['none', 'private_key_jwt'], true, 'private_key_jwt', ['private_key_jwt', 'none']],
    [undefined, ['none', 'private_key_jwt'], false, 'none', ['none']],
    [undefined, ['private_key_jwt'], true, 'private_key_jwt', ['private_key_jwt']],
    ['private_key_jwt', ['none', 'private_key_jwt'], true, 'private_key_jwt', ['private_key_jwt', 'none']],
    ['none', ['none', 'private_key_jwt'], true, 'none', ['private_key_jwt', 'none']],
    [undefined, ['client_secret_basic', 'none'], false, 'none', ['none']],
  ])('%p with the list %p and keys: %p is %s of %p', (single, list, keys, preferred, accepted) => {
    const parsed = parse({
      token_endpoint_auth_method: single,
      token_endpoint_auth_methods_supported: list,
      ...(keys && { jwks_uri }),
    });
    expect(parsed.token_endpoint_auth_method).toBe(preferred);
    expect(parsed.token_endpoint_auth_methods).toEqual(accepted);
  });

  test('a method that nothing supports is refused', () => {
    expect(problem({ token_endpoint_auth_method: 'private_key_jwt' })).toContain('needs jwks or jwks_uri');
    expect(problem({ token_endpoint_auth_methods_supported: ['private_key_jwt'] })).toContain(
      'nothing in its list',
    );
    expect(problem({ token_endpoint_auth_methods_supported: ['client_secret_post'], jwks_uri })).toContain(
      'nothing in its list',
    );
  });
});

describe('keys', () => {
  test('public keys are kept without their certificates, unknown types are passed over', () => {
    const { jwks } = parse({
      jwks: {
        keys: [
          { ...PUBLIC, x5c: ['x'] },
          { kty: 'AKP', pub: 'x' },
        ],
      },
    });
    expect(jwks).toEqual({ keys: [PUBLIC] });
  });

  test.each([
    ['an EC private key', { ...pair.privateKey.export({ format: 'jwk' }) }],
    ['an RSA private part', { kty: 'RSA', n: 'AQAB', e: 'AQAB', p: 'AQ' }],
    ['a shared key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['an unknown private key', { kty: 'AKP', pub: 'x', priv: 'y' }],
  ])('%s is refused and not quoted', (_what, key) => {
    const words = problem({ jwks: { keys: [PUBLIC, key] } });
    expect(words).toBe(
      'jwks: it holds a private or shared key. Replace that key now, and publish public keys only.',
    );
  });

  test.each([
    [{}],
    [{ keys: [] }],
    [{ keys: ['x'] }],
    ['x'],
    [{ keys: [{ kty: 'AKP' }] }],
    [{ keys: [{ ...PUBLIC, kid: '\u0000' }] }],
  ])('jwks %p is refused', (jwks) => {
    expect(problem({ jwks })).toMatch(/^jwks: it /);
  });

  test('jwks and jwks_uri together are refused', () => {
    expect(problem({ jwks: { keys: [PUBLIC] }, jwks_uri: 'https://app.example/jwks' })).toContain('keep one');
  });

  test.each([
    'http://app.example/jwks',
    'file:///x',
    'https://u:p@app.example/jwks',
    'x',
    'https://a.example/\u0000',
  ])('jwks_uri %p is refused', (jwks_uri) => {
    expect(problem({ jwks_uri })).toMatch(/^jwks_uri: /);
  });

  test('a jwks_uri may be http where loopback is allowed', () => {
    const jwks_uri = 'http://127.0.0.1:4001/jwks';
    expect(parse({ jwks_uri }, { allowLoopback: true }).jwks_uri).toBe(jwks_uri);
    expect(problem({ jwks_uri })).toBe('jwks_uri: it is not an https URL.');
  });
});

test.each([
  ['client_name', 'a\u0000b'], ['client_name', 'Claude\u202egnp'], ['client_name', 'a\u2066b'], ['client_name', 'a\nb'],
  ['client_name', 'a\u200bb'], ['client_name', 'a\ufeffb'], ['client_name', 'a\u2028b'], ['client_name', '\ud800'],
  ['client_name', 'x'.repeat(201)], ['client_name', 7], ['client_uri', 'javascript:alert(1)'],
  ['logo_uri', 'data:image/svg+xml,<svg onload=alert(1)>'], ['logo_uri', 'https://a.example/\u0000'],
  ['logo_uri', 'https://a.example/\u202e'], ['tos_uri', 'x'], ['policy_uri', `https://a.example/${'x'.repeat(2048)}`],
  ['scope', 'a\u0000'], ['scope', ['a']], ['grant_types', 'authorization_code'], ['response_types', ['\ud800']],
])('%s: %p is refused', (member, value) => {
  expect(problem({ [member]: value })).toMatch(new RegExp(`^${member}[.:]`));
}); // prettier-ignore

test('grants that a client with a document cannot use are passed over', () => {
  const grant_types = ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'refresh_token'];
  expect(parse({ grant_types }).grant_types).toEqual(['authorization_code', 'refresh_token']);
});

test('members named like those of every object are no way around', () => {
  const body: unknown = JSON.parse(
    `{"client_id": "${URL}", "__proto__": {"redirect_uris": ["https://evil.example/"]}, "redirect_uris": ["https://app.example/cb"]}`,
  );
  expect(parseClientDocument(URL, body, { redirectUriProblem }).redirect_uris).toEqual([
    'https://app.example/cb',
  ]);
});

test('the bundled documents are valid, and are those of the clients that use documents', () => {
  const names = [...WELL_KNOWN_CLIENTS].map(
    ([url, body]) => parseClientDocument(url, body, { redirectUriProblem }).client_name,
  );
  expect(names).toEqual([
    'Claude',
    'Claude Code',
    'ChatGPT',
    'Visual Studio Code',
    'goose',
    'opencode',
    'Zed',
  ]);
});
