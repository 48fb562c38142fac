import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { WriteHoursPolicy } from '../../src/mcp/policies/write-hours.policy.js';
import { startTestService } from '../support/harness.js';
import { callTool } from './gate-fixtures.js';

const HOUR = 3_600_000;
const clockTime = (at: number) => new Date(at).toISOString().slice(11, 16);

test('outside of WRITE_HOURS what changes something is refused and what reads is not; within them both work', async () => {
  const now = Date.now();
  // In one to three hours, on any day.
  const hours = `Sun-Sat ${clockTime(now + HOUR)}-${clockTime(now + 3 * HOUR)} UTC`;
  const service = await startTestService({ env: { WRITE_HOURS: hours } });
  const { accessToken } = await service.person();
  const { key } = (await service.call('POST', '/keys', { bearer: accessToken, body: { name: 'k' } })).body;
  const write = () => callTool(service, key, 'notes_write', { title: 'x', body: '' });
  const early = await write();
  expect([early.status, early.body.error.data.code]).toEqual([403, 'policy_denied']);
  expect(early.body.error.message).toContain('closed at this hour');
  expect((await callTool(service, key, 'notes_list')).status).toBe(200);
  service.clock.advance(2 * 3600);
  expect((await write()).status).toBe(200);
  service.clock.advance(2 * 3600);
  expect((await write()).status).toBe(403);
  await service.stop();
});

describe('hours', () => {
  const principal = { kind: 'client', clientId: 'c', sessionId: 's', scopes: [], resource: 'r' } as const;
  const allows = (hours: string, at: string) =>
    new WriteHoursPolicy(loadConfig({ WRITE_HOURS: hours })).decide({
      principal,
      operation: { kind: 'tool', name: 't', readOnly: false },
      arguments: {},
      at: new Date(at),
    }).allow;

  // 25 November 2026 is a Wednesday.
  test.each([
    ['Mon-Fri 08:00-18:00 UTC', '2026-11-25T08:00:00Z', true],
    ['Mon-Fri 08:00-18:00 UTC', '2026-11-25T07:59:59Z', false],
    ['Mon-Fri 08:00-18:00 UTC', '2026-11-25T18:00:00Z', false],
    ['Mon-Fri 08:00-18:00 UTC', '2026-11-28T12:00:00Z', false],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-11-25T07:30:00Z', true],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-07-01T06:30:00Z', true],
    // Past midnight: the night belongs to the day on which it began.
    ['Wed 22:00-02:00 UTC', '2026-11-25T23:00:00Z', true],
    ['Wed 22:00-02:00 UTC', '2026-11-26T01:59:00Z', true],
    ['Wed 22:00-02:00 UTC', '2026-11-25T01:00:00Z', false],
    ['Sat-Mon,Wed 00:00-24:00 UTC', '2026-11-29T12:00:00Z', true],
    ['Sat-Mon,Wed 00:00-24:00 UTC', '2026-11-25T00:00:00Z', true],
    ['Sat-Mon,Wed 00:00-24:00 UTC', '2026-11-24T12:00:00Z', false],
  ])('%s at %s: %s', (hours, at, open) => {
    expect(allows(hours, at)).toBe(open);
  });

  test.each([
    'always', 'Mon-Fri 8-18 UTC', 'Mon-Fri 08:00-24:01 UTC', 'Mon-Fri 08:00-08:00 UTC', 'Mo 08:00-18:00 UTC',
    'Mon-Wed-Fri 08:00-18:00 UTC', 'Mon 08:00-18:00 Mars/Olympus', 'Mon 08:00-18:00',
  ])('a start with WRITE_HOURS=%j stops and names it', (hours) => {
    expect(() => loadConfig({ WRITE_HOURS: hours })).toThrow(/WRITE_HOURS must be days, hours and a time zone/);
  }); // prettier-ignore
});
