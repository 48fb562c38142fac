import { parseArguments, parseSize } from '../../bench/arguments.js';
import { OPERATION_NAMES } from '../../bench/operations.js';

describe('arguments of the benchmark', () => {
  it('measures everything but growth, and writes the results, unless told otherwise', () => {
    const { parts, operations, peers, rounds, processes, report } = parseArguments([]);
    expect(parts).toEqual(['operations', 'authentication', 'storm', 'start']);
    expect(operations).toEqual(OPERATION_NAMES);
    expect(peers).toContain('oidc-provider');
    expect({ rounds, processes, report }).toEqual({ rounds: 3, processes: undefined, report: true });
  });

  it('leaves the results as they are when only a part of the operations is measured', () => {
    const { parts, operations, peers, report } = parseArguments([
      '--only',
      'jwks,refresh',
      '--peers',
      'none',
    ]);
    expect({ parts, operations, peers, report }).toEqual({
      parts: ['operations'],
      operations: ['refresh', 'jwks'],
      peers: [],
      report: false,
    });
  });

  it('takes sizes in any order, and has some of its own', () => {
    expect(parseArguments(['--growth', '1M,10k'])).toMatchObject({ parts: ['growth'], sizes: [1e4, 1e6] });
    expect(parseArguments(['--growth', '--rounds', '5'])).toMatchObject({
      sizes: [1e4, 1e6, 1e7],
      rounds: 5,
    });
    expect(parseSize('250k')).toBe(250_000);
  });

  it.each([
    [['--only', 'sleep'], 'unknown operation: sleep'],
    [['--peers', 'stranger'], 'unknown peer: stranger'],
    [['--rounds', '0'], '--rounds must be a number above 0'],
    [['--rounds', '1.5'], '--rounds must be a whole number'],
    [['--growth', '9k'], 'sizes from 10k on'],
    [['--growth', '1G'], 'sizes from 10k on'],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => parseArguments(args)).toThrow(message);
  });
});
