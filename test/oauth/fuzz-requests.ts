import fc from 'fast-check';

/** A request near a valid one: every part may be mutated, several at once. */
export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** A valid request of an endpoint: its parameters, each with the values that would be right. */
export interface Grammar {
  readonly path: string;
  readonly methods: readonly string[];
  readonly parameters: Readonly<Record<string, readonly unknown[]>>;
  readonly headers: readonly Record<string, string>[];
  readonly json: boolean;
}

const FORM = 'application/x-www-form-urlencoded';
const HOSTILE: readonly string[] = [
  '', ' ', '\u0000', 'x\u0000y', '\r\nSet-Cookie: a=b', '\u202e', '\u{1f600}', '\ud800', 'é', '\uffff', '%', '%00', '%zz', '%252e',
  '__proto__', 'constructor', 'toString', 'null', 'undefined', 'NaN', '-1', '1e309', '0', '[]', '{}', '[object Object]', '"', "'; --",
  '<script>alert(1)</script>', '../../etc/passwd', 'javascript:alert(1)', 'data:text/html,x', 'https://evil.com/', '//evil.com',
  'http://localhost.evil.com/callback', 'http://127.1/callback', 'https://client.example@evil.com/', 'https://[::1/', 'http://:80',
  'com.example.app:/callback', 'urn:x', 'none', 'login', 'none login', 'code token', 'plain', 'S256', 'A'.repeat(43), 'A'.repeat(128),
  'A'.repeat(600), 'A'.repeat(9000), 'a '.repeat(5000), 'A'.repeat(40_000), '99999999999999999999',
]; // prettier-ignore
const JSON_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  [],
  {},
  [[]],
  ['x', 'x'],
  [null],
  { a: { b: {} } },
  '',
];
const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
); // prettier-ignore

/** What happens to one parameter. */
const fate = fc.oneof(
  { weight: 20, arbitrary: fc.constant('keep' as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('drop', 'twice', 'array', 'upper', 'mutate', 'prefix', 'suffix', 'json'),
  },
);

interface Pair {
  readonly name: string;
  readonly value: unknown;
}

function mutated(name: string, value: unknown, how: string, odd: string): Pair[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  switch (how) {
    case 'drop':
      return [];
    case 'twice':
      return [
        { name, value },
        { name, value: odd },
      ];
    case 'array':
      return [{ name: `${name}[]`, value }];
    case 'upper':
      return [{ name: name.toUpperCase(), value }];
    case 'mutate':
      return [{ name, value: odd }];
    case 'prefix':
      return [{ name, value: odd + text }];
    case 'suffix':
      return [{ name, value: text + odd }];
    case 'json':
      return [{ name, value: JSON_VALUES[odd.length % JSON_VALUES.length] }];
    default:
      return [{ name, value }];
  }
}

const percent = (text: string) =>
  Buffer.from(text).reduce((all, byte) => `${all}%${byte.toString(16).padStart(2, '0')}`, '');
const plainText = (text: string) =>
  /^[\w.~:/ -]*$/.test(text) ? encodeURIComponent(text) : percent(text.slice(0, 20_000));
const form = (pairs: readonly Pair[]) =>
  pairs
    .map(({ name, value }) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${plainText(name)}=${plainText(text)}`;
    })
    .join('&');
/** By hand, so that `__proto__` and repeated members get through. */
const jsonText = (pairs: readonly Pair[]) =>
  `{${pairs.map(({ name, value }) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

const CONTENT_TYPES = [
  FORM,
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  `${FORM}; charset=x`,
  '',
  'x/y',
];
const AUTHORIZATIONS = [
  'Basic Og==',
  'Basic !',
  'Bearer x',
  'Bearer',
  'Basic ' + 'A'.repeat(3000),
  'Basic JXp6Ong=',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']; // prettier-ignore

/** Mostly right: one request in so many departs in its envelope too. */
const seldom = <T, U>(usual: T, odd: fc.Arbitrary<U>, weight = 12) =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });

export function requestsOf(grammar: Grammar): fc.Arbitrary<FuzzRequest> {
  const names = Object.keys(grammar.parameters);
  const parameter = (name: string) =>
    fc
      .tuple(fc.constantFrom(...(grammar.parameters[name] ?? [''])), fate, hostile)
      .map(([value, how, odd]) => mutated(name, value, how, odd));
  const extra = fc
    .tuple(fc.constantFrom('__proto__', 'constructor', 'x', '', 'toString', '__proto__[x]'), hostile)
    .map(([name, value]) => ({ name, value }));
  const pairs = fc
    .tuple(fc.tuple(...names.map(parameter)), seldom([] as Pair[], fc.array(extra, { maxLength: 3 }), 4))
    .map(([all, more]) => [...all.flat(), ...more]);
  const usual = grammar.json ? 'application/json' : FORM;
  return fc
    .record({
      pairs,
      method: fc.oneof(
        { weight: 15, arbitrary: fc.constantFrom(...grammar.methods) },
        { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
      ),
      type: seldom(usual, fc.constantFrom(...CONTENT_TYPES), 8),
      headers: fc.constantFrom(...grammar.headers),
      authorization: seldom(undefined, fc.constantFrom(...AUTHORIZATIONS)),
      json: seldom(grammar.json, fc.constant(!grammar.json), 8),
      raw: seldom(undefined, hostile, 30),
    })
    .map(({ pairs: all, method, type, headers, authorization, json, raw }) => {
      const inQuery = method === 'GET' || method === 'HEAD';
      const body = raw ?? (json ? jsonText(all) : form(all));
      return {
        method,
        url: inQuery ? `${grammar.path}?${raw === undefined ? form(all) : percent(raw)}` : grammar.path,
        headers: {
          ...headers,
          ...(inQuery ? {} : { 'content-type': json && type === FORM ? 'application/json' : type }),
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: inQuery ? undefined : body,
      };
    });
}
