import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clientIdUrlProblem, isClientIdUrl } from '../../../src/oauth/client-documents/client-id-url.js';

test.each([
  'https://claude.ai/oauth/mcp-oauth-client-metadata',
  'https://vscode.dev/oauth/client-metadata.json',
  'https://example.com/a/',
  'https://example.com:8443/client.json',
  'https://example.com/client.json?version=2',
  'https://xn--exmple-cua.com/c',
  'https://example.com/a%20b/c%C3%A4',
  'https://example.com/~me/a.b_c-d',
  'https://example.com/...',
])('%s can be a client_id', (url) => {
  expect(clientIdUrlProblem(url)).toBeUndefined();
});

test.each([
  ['', 'is not a URL'],
  ['tgc_abc', 'is not a URL'],
  ['http://example.com/c', 'is not an https URL'],
  ['javascript:alert(1)', 'is not an https URL'],
  ['ftp://example.com/c', 'is not an https URL'],
  ['http://localhost/c', 'is not an https URL'],
  ['https://user@example.com/c', 'carries a user name or password'],
  ['https://:pass@example.com/c', 'carries a user name or password'],
  ['https://example.com/c#f', 'has a fragment'],
  ['https://example.com/c#', 'has a fragment'],
  ['https://example.com', 'has no path'],
  ['https://example.com/', 'has no path'],
  ['https://example.com/?c', 'has no path'],
  ['https://example.com./c', 'has a dot after its host name'],
  ['https://example.com/a%2F..%2Fb', 'has a dot segment'],
  ['https://example.com/a%5C..%5Cb', 'has a dot segment'],
  ['https://example.com/..%2Fb', 'has a dot segment'],
  [`https://example.com/${'a'.repeat(2048)}`, 'is longer than 2048 characters'],
])('%s cannot: it %s', (url, problem) => {
  expect(clientIdUrlProblem(url)).toBe(problem);
});

test.each([
  'https://example.com/a/../b', 'https://example.com/a/./b', 'https://example.com/a/b/..', 'https://example.com/a/%2e%2e/b',
  'https://example.com/a/%2E/b', 'https://example.com/a/.%2e/b', 'https://EXAMPLE.com/c', 'HTTPS://example.com/c',
  'https://example.com:443/c', 'https://exämple.com/c', 'https://example.com\\c', 'https:example.com/c',
  'https://example.com/c ', ' https://example.com/c', 'https://example.com/c\n', 'https://exa\tmple.com/c',
  'https://example.com/a b', 'https://example.com/%61', 'https://example.com/%7Eme', 'https://example.com/%c3%a4',
  'https://example.com/%', 'https://example.com/%4', 'https://example.com/%zz', 'https://0x7f.1/c', 'https://2130706433/c',
])('%p cannot: it is another spelling', (url) => {
  expect(clientIdUrlProblem(url)).toContain('is not spelled in its normal form');
}); // prettier-ignore

test.each(['http://localhost:4000/c', 'http://127.0.0.1/c', 'http://[::1]:1/c'])(
  '%s can be one only where loopback is allowed',
  (url) => {
    expect(isClientIdUrl(url, true)).toBe(true);
    expect(isClientIdUrl(url)).toBe(false);
  },
);

test.each(['http://localhost.evil.test/c', 'http://127.0.0.2/c', 'http://10.0.0.1/c', 'http://localhost/'])(
  '%s cannot be one even where loopback is allowed',
  (url) => {
    expect(isClientIdUrl(url, true)).toBe(false);
  },
);

test('no string makes it throw, and what it takes is its own normal form', () => {
  const any = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true }));
  fc.assert(
    fc.property(any, (text) => {
      expect(!isClientIdUrl(text) || new URL(text).href === text).toBe(true);
      isClientIdUrl(`https://example.com/${text}`);
    }),
    { numRuns: 2000 },
  );
});
