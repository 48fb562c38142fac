import { describe, expect, test } from '@jest/globals';
import { guardArguments, noServer } from '../../../src/cli/guard-arguments.js';
import { guardBanner } from '../../../src/cli/guard-banner.js';
import { matches, Policy } from '../../../src/gateway/proxy/policy.js';
import { parsePolicy } from '../../../src/gateway/proxy/policy-file.js';

const policy = (file: object) => new Policy('notes', parsePolicy(JSON.stringify(file), 'p.json'));
const tool = (readOnly: boolean) => ({ name: 'x', readOnly, destructive: !readOnly });

describe('a policy', () => {
  test('without a file goes by what the tools say of themselves', () => {
    expect(policy({}).tool('x', tool(true))).toEqual(['notes:read']);
    expect(policy({}).tool('x', tool(false))).toEqual(['notes:write']);
    expect(policy({}).tool('x', undefined)).toEqual(['notes:write']);
    expect(
      policy({})
        .scopes()
        .map(({ name }) => name),
    ).toEqual(['notes:read', 'notes:write']);
  });

  test('takes the name that is said out, then the longest pattern, then the stricter one', () => {
    const rules = policy({
      tools: { '*': [], 'delete_*': ['notes:admin'], '*_all': 'deny', delete_me: ['notes:write'], 'a*c': ['notes:a'], 'a*b': 'deny' },
    }); // prettier-ignore
    expect(rules.tool('other', tool(false))).toEqual([]);
    expect(rules.tool('delete_one', tool(false))).toEqual(['notes:admin']);
    expect(rules.tool('delete_all', tool(false))).toEqual(['notes:admin']);
    expect(rules.tool('clear_all', tool(false))).toBe('deny');
    expect(rules.tool('delete_me', tool(false))).toEqual(['notes:write']);
    expect(policy({ tools: { 'a*': ['notes:a'], '*b': 'deny' } }).tool('ab', undefined)).toBe('deny');
  });

  test('names every mistake by its place', () => {
    const file = {
      read: 'notes:read',
      tools: { a: ['Notes'], b: 'no' },
      write: ['mcp:write'],
      tool: {},
      scopes: { 'notes:x': '' },
    };
    const mistakes = () => policy(file);
    for (const place of ['read', 'tools.a.0', 'tools.b', 'write.0', 'tool', 'scopes.notes:x'])
      expect(mistakes).toThrow(place);
    expect(() => parsePolicy('{', 'p.json')).toThrow('p.json is not JSON');
  });

  test('patterns take time that grows with the name alone', () => {
    const began = performance.now();
    expect(matches('a*a*a*a*a*a*a*a*a*b', 'a'.repeat(2000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(50);
    expect(['ab', 'axb', 'axyb'].every((name) => matches('a*b', name))).toBe(true);
    expect(matches('ab*ba', 'aba')).toBe(false);
  });
});

describe('the command line', () => {
  test.each([
    [['https://notes.example.com/mcp'], 'notes'],
    [['http://127.0.0.1:3000/mcp'], 'server'],
    [['--', 'npx', '-y', '@modelcontextprotocol/server-memory@2026.8.31'], 'memory'],
    [['--', 'node', '/opt/mcp/server-filesystem/dist/index.js', '/srv'], 'filesystem'],
    [['--', 'uvx', 'mcp-server-git'], 'git'],
    [['--name', 'mine', '--', 'server'], 'mine'],
  ])('%j is called %s', (args, name) => {
    expect(guardArguments(args).name).toBe(name);
  });

  test.each([
    [[], 'Name one server'],
    [['http://a/', 'http://b/'], 'Name one server'],
    [['http://a/', '--', 'npx'], 'Name one server'],
    [['ftp://a/'], 'no http or https URL'],
    [['http://user:secret@a/'], 'GUARD_UPSTREAM_HEADERS'],
    [['--name', 'mcp', 'http://a/'], 'none of'],
    [['--env', 'MASTER_KEY', '--', 'npx'], 'stays here'],
    [['--env', 'DATABASE_URL_FILE', '--', 'npx'], 'stays here'],
    [['--env', 'TOKEN', 'http://a/'], 'for a command'],
  ])('%j is refused', (args, words) => {
    expect(() => guardArguments(args)).toThrow(words);
  });

  test('the start shows who may call what, and its warnings', () => {
    const text = guardBanner({
      target: 'http://10.0.0.5/mcp',
      resource: 'http://localhost:4001/mcp',
      issuer: 'http://localhost:4000',
      policy: policy({
        tools: { wipe: 'deny' },
        prompts: { '*': [] },
        resources: { 'file:///srv/*': 'deny' },
      }),
      tools: [
        { ...tool(true), name: 'look' },
        { ...tool(false), name: 'wipe' },
      ],
      warnings: ['It can be reached directly.'],
    });
    expect(text).toMatch(/look +notes:read\n +wipe +nobody \(closed\)/);
    expect(text).toMatch(/other prompts, resources: notes:read +tools not listed: notes:write/);
    expect(text).toMatch(
      /prompt \* {2}any valid credential\n +resource file:\/\/\/srv\/\* {2}nobody \(closed\)\n/,
    );
    expect(text).toContain('Warning: It can be reached directly.');
  });

  test('npx that may not ask before it installs is told apart', () => {
    const args = ['@modelcontextprotocol/server-memory'];
    expect(noServer({ command: 'npx', args }, 'Connection closed')).toContain('write `npx -y`');
    expect(noServer({ command: 'npx', args: ['-y', ...args] }, 'Connection closed')).not.toContain('npx -y');
    expect(noServer({ command: 'node', args }, 'Connection closed')).toMatch(/: Connection closed\.$/);
  });
});
