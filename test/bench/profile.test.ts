import type { Profiler } from 'node:inspector';
import { type Frame, spentUnder } from '../../bench/profile.js';

const GUARD: Frame = { title: 'guard', functionName: 'canActivate', file: '/auth/one.guard.js' };
const SCOPES: Frame = { title: 'scopes', functionName: 'missing', file: '/scope-rules.js' };

const node = (id: number, functionName: string, url: string, children: number[] = []): Profiler.ProfileNode => ({
  id,
  callFrame: { functionName, url: `file:///dist/src${url}`, scriptId: '1', lineNumber: 1, columnNumber: 1 },
  children,
}); // prettier-ignore

/** root > answer > guard > missing, answer > missing, and what V8 puts beside them. */
const nodes = [
  node(1, '(root)', '', [2, 7, 8, 9]),
  node(2, 'answer', '/lane.js', [3, 5, 6]),
  node(3, 'canActivate', '/auth/one.guard.js', [4]),
  node(4, 'missing', '/access/scope-rules.js'),
  node(5, 'missing', '/access/scope-rules.js'),
  node(6, 'canActivate', '/auth/another.guard.js'),
  node(7, '(idle)', ''),
  node(8, '(garbage collector)', ''),
  node(9, '(program)', ''),
];
const spent = (...samples: [id: number, micros: number][]) =>
  spentUnder(
    {
      nodes,
      startTime: 0,
      endTime: 0,
      samples: samples.map(([id]) => id),
      timeDeltas: samples.map(([, micros]) => micros),
    },
    [GUARD, SCOPES],
  );

describe('the time under a function', () => {
  it('is its own and that of all it calls, which no other has too', () => {
    expect(spent([3, 10], [4, 5], [5, 2], [6, 40], [2, 43])).toEqual({
      busy: 100,
      under: { guard: 15, scopes: 2 },
    });
  });

  it('is a share of what the thread did: not of its idling, nor of the collector', () => {
    expect(spent([7, 1000], [8, 300], [9, 60], [3, 40])).toEqual({
      busy: 100,
      under: { guard: 40, scopes: 0 },
    });
  });
});
