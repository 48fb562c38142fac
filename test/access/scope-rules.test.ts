import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseScopeHierarchy, ScopeRules } from '../../src/access/scope-rules.js';
import { loadConfig } from '../../src/config/config.js';

const CHAINS =
  'billing:admin > billing:write > billing:read; vault:owner > vault:open; team:lead > billing:admin';
const rules = new ScopeRules(parseScopeHierarchy(CHAINS));

describe('what a scope covers', () => {
  test.each([
    ['billing:admin', 'billing:read', true],
    ['billing:write', 'billing:read', true],
    ['billing:read', 'billing:write', false],
    ['billing:write', 'billing:admin', false],
    // Over two chains.
    ['team:lead', 'billing:read', true],
    ['vault:owner', 'billing:read', false],
    ['vault:open', 'vault:owner', false],
    ['billing:admin', 'vault:open', false],
    // The ladder reaches one above, and so what is below it.
    ['mcp:write', 'billing:write', true],
    ['mcp:write', 'vault:open', false],
    ['mcp:read', 'billing:write', false],
    ['mcp:admin', 'vault:open', true],
    // What rules the service or tells of a person is held by name alone.
    ['team:lead', 'admin', false],
    ['mcp:admin', 'keys:write', false],
    ['team:lead', 'email', false],
    ['billing:admin', 'mcp:read', false],
  ])('%s covers %s: %s', (held, needed, covered) => {
    expect(rules.covers(held, needed)).toBe(covered);
  });

  test('an empty hierarchy is the ladder alone', () => {
    expect(new ScopeRules().covers('billing:admin', 'billing:read')).toBe(false);
    expect(new ScopeRules().covers('mcp:write', 'billing:read')).toBe(true);
  });

  const names = [...rules.known, 'mcp:read', 'mcp:write', 'mcp:admin', 'other:read'];
  const some = fc.subarray(names);
  test('it is transitive: what is covered covers nothing that its holder lacks', () => {
    for (const a of names)
      for (const b of names)
        for (const c of names)
          if (rules.covers(a, b) && rules.covers(b, c))
            expect([a, b, c, rules.covers(a, c)]).toEqual([a, b, c, true]);
  });

  test('two holders share nothing that either lacks', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const shared = rules.intersect(a, b);
        expect([rules.missing(a, shared), rules.missing(b, shared)]).toEqual([[], []]);
      }),
    );
  });
});

test.each([
  ['a:x > b:x; b:x > a:x', 'has a circle'],
  ['a:x > b:x > a:x', 'must not name a scope twice'],
  ['a:x > b:x; b:x > c:x; c:x > a:x', 'has a circle'],
  ['a:x > admin', 'must not name admin'],
  ['keys:write > a:x', 'must not name keys:write'],
  ['a:x > mcp:write', 'must not name mcp:write'],
  ['a:x > email', 'must not name email'],
  ['a:x', 'at least two scopes'],
  ['a:x > > b:x', 'such as noun:verb'],
  ['a:x, b:x > c:x', 'such as noun:verb'],
  ['A:x > b:x', 'such as noun:verb'],
])('a start with SCOPE_HIERARCHY=%j stops and says: %s', (text, problem) => {
  expect(() => loadConfig({ SCOPE_HIERARCHY: text })).toThrow(new RegExp(`SCOPE_HIERARCHY .*${problem}`));
});

test('without one, and with one that ends in a semicolon, it starts', () => {
  expect(loadConfig({}).scopes.covers('a:x', 'b:x')).toBe(false);
  expect(loadConfig({ SCOPE_HIERARCHY: ' a:x>b:x ; ' }).scopes.covers('a:x', 'b:x')).toBe(true);
});
