import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Floor } from '../../bench/contenders/contender.js';
import { parseArguments } from '../../bench/arguments.js';
import type { Operation } from '../../bench/operations.js';
import { authenticationBody, operationsBody, operationsChart } from '../../bench/report/bodies.js';
import { barChart } from '../../bench/report/chart.js';
import { writeResults } from '../../bench/report/page.js';
import { rowsOf } from '../../bench/report/rows.js';
import type { Section } from '../../bench/report/section.js';
import { authenticationTargets, operationTargets, startTargets } from '../../bench/report/targets.js';
import { summaryOf } from '../../bench/parts/authentication.js';
import { type Cell, figureOf, type Results } from '../../bench/rounds.js';

const contender = (name: string): Floor => ({
  name,
  title: `the ${name}`,
  operation: 'login',
  remarks: { jwks: 'as it is' },
  measure: () => Promise.reject(new Error('not here')),
  stop: () => Promise.resolve(),
});

/** Rounds of one second each, with these many requests, at this cost each. */
const cell = (requests: number[], micros: number): Cell => ({
  figure: figureOf(
    requests.map((count) => ({
      requests: count,
      declined: 0,
      all: count,
      seconds: 1,
      p50: 1,
      p99: 2,
      serverCpu: (count * micros) / 1e6,
      postgresCpu: 0,
      generatorCpu: 0,
      foreignCpu: 0,
      memory: count * 2 ** 20,
      walBytes: 0,
    })),
  ),
});
const resultsOf = (operations: Partial<Record<Operation, Record<string, Cell>>>): Results =>
  new Map(
    Object.entries(operations).map(([name, cells]) => [name as Operation, new Map(Object.entries(cells))]),
  );

const target = (results: Results, text: string) =>
  operationTargets(results).find((one) => one.text.startsWith(text))?.reached;

describe('the report of the benchmark', () => {
  it('counts the median of the rounds, and the most memory of any', () => {
    const measured = cell([100, 300, 200], 50);
    expect(measured).toMatchObject({
      figure: { perSecond: 200, serverMicros: 50, peakMemory: 300 * 2 ** 20 },
    });
  });

  it('sets us beside bare and the fastest peer', () => {
    const cells = {
      toolgate: cell([600], 1),
      bare: cell([800], 1),
      slow: cell([100], 1),
      fast: cell([300], 1),
    };
    const contenders = Object.keys(cells).map(contender);
    const [ours, , slow] = rowsOf(resultsOf({ jwks: cells }), contenders);
    expect(ours).toMatchObject({ ofBare: 0.75, ofBestPeer: 2, remark: 'as it is' });
    expect(slow).toMatchObject({ ofBare: 0.125, ofBestPeer: undefined });
  });

  it('says why a contender has no figure', () => {
    const results = resultsOf({ jwks: { toolgate: cell([5], 1), other: { failed: 'it was not refused' } } });
    const body = operationsBody(
      { results, contenders: [contender('toolgate'), contender('other')] },
      parseArguments([]),
    );
    expect(body).toContain('- the other: failed: it was not refused');
    expect(body).not.toContain('of bare');
  });

  it('believes the lower of two ratios, so that a server that waits flatters nobody', () => {
    const refresh = { toolgate: cell([900], 200), bare: cell([1000], 100) };
    expect(target(resultsOf({ refresh }), 'Refresh over REST')).toEqual({ value: '0.50', yes: false });
  });

  it('reaches a target at its very limit, and claims none that was not measured', () => {
    const refresh = { toolgate: cell([800], 125), bare: cell([1000], 100) };
    const results = resultsOf({ refresh });
    expect(target(results, 'Refresh over REST')).toEqual({ value: '0.80', yes: true });
    expect(target(results, 'Introspection')).toBeUndefined();
    expect(startTargets(undefined).every(({ reached }) => reached === undefined)).toBe(true);
  });

  it('says what authentication is of a call, by the median of the rounds', () => {
    const round = (guard: number, scopes: number) => ({
      busy: 1e6,
      under: { 'Authentication guard': guard * 1e6, 'Scope guard': scopes * 1e6 },
      all: 10_000,
      requests: 9000,
      seconds: 1,
    });
    const found = summaryOf([round(0.03, 0.01), round(0.5, 0.01), round(0.02, 0.01)]);
    expect(authenticationTargets(found)[0]?.reached).toEqual({ value: '0.040', yes: true });
    expect(authenticationTargets(undefined)[0]?.reached).toBeUndefined();
    const body = authenticationBody(found, parseArguments([]));
    expect(body).toContain('| Authentication guard | 3.0% | 3.0 |');
    expect(body).toContain('| All else: HTTP, JSON, limits, audit record, the tool | 96.0% | 96.0 |');
  });

  it('draws a bar for each share of bare, within the picture, and no markup out of names', () => {
    const svg = barChart('A <title>', 'bare = 1', [
      { label: 'one & two', bars: [{ label: 'us', ours: true, value: 2 }, { label: 'them', ours: false, value: 0.5 }] },
    ]); // prettier-ignore
    expect(svg).toContain('A &lt;title&gt;');
    expect(svg).toContain('one &amp; two');
    const widths = [...svg.matchAll(/<rect class="(ours|peer)".*? width="([\d.]+)"/g)].map(
      ([, who, width]) => [who, Number(width)],
    );
    expect(widths).toEqual([['ours', 520], ['peer', 130]]); // prettier-ignore
    const results = resultsOf({ jwks: { toolgate: cell([5], 1), bare: cell([10], 1) } });
    const chart = operationsChart({ results, contenders: [contender('toolgate'), contender('bare')] });
    expect(chart.match(/<rect/g)).toHaveLength(1);
    expect(chart).toContain('>0.50<');
  });
});

describe('the page of results', () => {
  const section = (body: string): Section => ({
    title: 'Start and idle memory', command: 'npm run bench', date: 'today', machine: ['a machine'], body,
    targets: [{ text: 'Start', wanted: '<= 1', reached: { value: '2', yes: false } }],
  }); // prettier-ignore
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'toolgate-bench-page-'));
    await writeFile(join(directory, 'NOTES.md'), '## Notes\n\nBy hand.\n');
  });
  afterEach(() => rm(directory, { recursive: true }));
  const page = () => readFile(join(directory, 'RESULTS.md'), 'utf8');

  it('has what was measured last of each part, what is not reached or not measured, and the notes', async () => {
    await writeResults(directory, { start: section('measured before') }, undefined);
    await writeResults(directory, { storm: section('of logins') }, '<svg/>');
    await writeResults(directory, { start: section('second') }, undefined);
    const text = await page();
    expect(text).toContain('second');
    expect(text).toContain('of logins');
    expect(text).not.toContain('measured before');
    expect(text).toContain('| Start | <= 1 | 2 | **no** |');
    expect(text).toMatch(/\| Guarded tool call, of bare \| >= 1 \| {2}\| not measured \|/);
    expect(text.trimEnd().endsWith('By hand.')).toBe(true);
    expect(await readFile(join(directory, 'results.svg'), 'utf8')).toBe('<svg/>');
  });

  it('does not overwrite results that it cannot read', async () => {
    await writeFile(join(directory, 'results.json'), '{');
    await expect(writeResults(directory, {}, undefined)).rejects.toThrow();
    await expect(page()).rejects.toThrow('ENOENT');
  });
});
