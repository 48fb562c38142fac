import { parseMachine, parseStat } from '../../bench/cpu.js';
import { parseAnswer } from '../../bench/load/connection.js';
import { atRate } from '../../bench/load/drive.js';
import { CHAIN_SLOT, type Load } from '../../bench/load/load.js';
import { requestsOf } from '../../bench/load/requests.js';
import { median, percentile } from '../../bench/statistics.js';

const load = (more: Partial<Load>): Load => ({
  method: 'POST',
  path: '/x',
  headers: {},
  expect: { status: 200, contains: '' },
  ...more,
});

describe('what the benchmark counts with', () => {
  it('takes the middle, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  });

  it('reads processor time of a process whose name has parentheses', () => {
    const text = '7 (a (b) c) S 3 7 7 0 -1 0 0 0 0 0 150 50 20 10 20 0 11 0 1 2 3';
    expect(parseStat(text)).toEqual({ parent: 3, own: 2, ended: 0.3 });
  });

  it('leaves idle time out of the machine', () => {
    expect(parseMachine('cpu  100 0 50 9000 900 0 25 25 0 0\ncpu0 1 1 1')).toBe(2);
  });

  it('reads an answer only when it is whole, with a length or in chunks', () => {
    const sized = 'HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc';
    expect(parseAnswer(Buffer.from(sized.slice(0, -1)))).toBeUndefined();
    expect(parseAnswer(Buffer.from(sized))).toEqual({ status: 201, body: 'abc', end: sized.length });
    const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n';
    expect(parseAnswer(Buffer.from(chunks.slice(0, -4)))).toBeUndefined();
    expect(parseAnswer(Buffer.from(chunks))).toEqual({ status: 200, body: 'abc', end: chunks.length });
  });

  it('follows each chain of refresh tokens on its own connection', () => {
    const { next, answered } = requestsOf(load({ bodies: [`t=${CHAIN_SLOT}`], chains: ['a', 'b'] }), 2);
    expect(String(next(1))).toMatch(/\r\n\r\nt=b$/);
    answered(1, '{"refresh_token":"b2"}');
    expect(String(next(0))).toMatch(/\r\n\r\nt=a$/);
    expect(String(next(1))).toMatch(/\r\n\r\nt=b2$/);
  });

  it('deals chains out, goes through them in turn, and keeps where each has come to', () => {
    const { next, answered, chains } = requestsOf(load({ bodies: [CHAIN_SLOT], chains: ['a', 'b', 'c'] }), 2);
    const sent = () => /[^\n]*$/.exec(String(next(0)))?.[0];
    expect(sent()).toBe('a');
    answered(0, '{"refresh_token":"a2"}');
    expect([sent(), sent()]).toEqual(['c', 'a2']);
    // Two of connection 0 are on their way, and what becomes of them nobody knows.
    expect(chains?.()).toEqual(['b']);
  });

  it('counts the wait for a free connection as latency, at a steady rate', async () => {
    const sent: { at: number; dueAt: number }[] = [];
    const turns = atRate(1000, (_connection, dueAt) => sent.push({ at: performance.now(), dueAt }));
    // Nobody is free for at least thirty requests' time.
    const began = performance.now();
    while (performance.now() - began < 30);
    turns.free(0);
    expect(sent).toHaveLength(1);
    expect((sent[0]?.at ?? 0) - (sent[0]?.dueAt ?? 0)).toBeGreaterThanOrEqual(29);
    turns.free(0);
    await Promise.resolve();
    expect((sent[1]?.dueAt ?? 0) - (sent[0]?.dueAt ?? 0)).toBeCloseTo(1);
    turns.stop();
  });

  it('never sends twice what is good once', () => {
    const { next } = requestsOf(load({ bodies: ['one'], once: true }), 1);
    next(0);
    expect(() => next(0)).toThrow('used up');
  });
});
