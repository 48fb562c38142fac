import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog } from '../../src/ops/audit/audit-log.js';
import { createLogger, lineOutput, NestLogger, requestId, scrub } from '../../src/ops/logging.js';

const JWT = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQ';
const CREDENTIALS = {
  jwt: JWT,
  key: 'tgk_0pLaNtEd00_sEcReTsEcReT123456',
  refresh: 'tgr_plan-ted_SECRET-secret',
};
const PLANTED = Object.entries(CREDENTIALS);

type Line = Record<'level' | 'time' | 'service' | 'msg', string> & Record<'req' | 'res', object>;

/** What a write leaves in the log, as text and as parsed lines. */
function logged(write: (logger: ReturnType<typeof createLogger>) => void) {
  let text = '';
  write(createLogger('trace', { write: (line: string) => (text += line) }));
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line),
  };
}

/** Not whole and not in part: every piece of a credential is searched for. */
function expectClean(text: string, credential: string) {
  for (const part of credential.split(/[._]/).filter((piece) => piece.length > 6))
    expect(text).not.toContain(part);
  expect(text).toContain('[redacted]');
}

test('a line is JSON with the service, an ISO time and the level by name', () => {
  const [line] = logged((logger) => {
    logger.info('hello');
  }).lines;
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: 'toolgate',
    msg: 'hello',
  });
});

test.each(PLANTED)('a credential in a message does not reach the log: %s', (_, credential) => {
  const { text, lines } = logged((logger) => {
    logger.info(`before "${credential}"\nafter`);
    logger.info('with %s', credential);
  });
  expectClean(text, credential);
  expect(lines[0]?.msg).toBe('before "[redacted]"\nafter');
});

test.each(PLANTED)('a credential in a field of any name does not reach the log: %s', (_, credential) => {
  const { text } = logged((logger) => {
    logger.info({ note: credential, deep: { deeper: { list: [credential] } } }, 'fields');
    logger.child({ bound: credential }).info('child');
  });
  expectClean(text, credential);
});

test.each(PLANTED)(
  'a credential in an error, its stack or its cause does not reach the log: %s',
  (_, credential) => {
    const cause = new Error(`cause ${credential}`);
    const error = new Error(`failed on ${credential}`, { cause });
    error.stack = `Error: failed\n    at verify (${credential})`;
    const { text, lines } = logged((logger) => {
      logger.error({ err: error });
      logger.error(error);
      new NestLogger(logger).error(error.message, error.stack, 'Errors');
      new NestLogger(logger).error({ err: error }, 'Errors');
    });
    expect(lines).toHaveLength(4);
    expectClean(text, credential);
  },
);

test.each([
  'authorization',
  'cookie',
  'x-api-key',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'key',
])('the field %s is never logged, whatever it holds', (name) => {
  const { text } = logged((logger) => {
    logger.info({ [name]: 'correct horse', inner: { [name]: 'battery staple' } });
  });
  expect(text).not.toMatch(/horse|staple/);
});

test('of a request and its response only method, path, id, address and status are logged', () => {
  const req = {
    method: 'GET',
    url: '/auth/me?code=planted-query#planted-hash',
    id: 'r-1',
    ip: '192.0.2.7',
    headers: { 'user-agent': 'planted-header' },
    body: { hobby: 'planted-body' },
  };
  const { text, lines } = logged((logger) => {
    logger.info({ req, res: { statusCode: 200, headers: { 'x-planted': 'planted-answer' } } });
  });
  expect(text).not.toContain('planted');
  expect(lines[0]).toMatchObject({
    req: { method: 'GET', path: '/auth/me', id: 'r-1', ip: '192.0.2.7' },
    res: { status: 200 },
  });
  expect(Object.keys(lines[0]?.req ?? {})).toEqual(['method', 'path', 'id', 'ip']);
  expect(Object.keys(lines[0]?.res ?? {})).toEqual(['status']);
});

test('scrubbing leaves other text as it is', () => {
  expect(scrub(`a ${JWT} b ${CREDENTIALS.key}, ${CREDENTIALS.refresh}.`)).toBe(
    'a [redacted] b [redacted], [redacted].',
  );
  expect(scrub('tgk is a prefix; eyJ alone says nothing')).toBe('tgk is a prefix; eyJ alone says nothing');
});

test('a request keeps the id it came with when that id is fit for a log', () => {
  expect(requestId({ 'x-request-id': 'trace.1_A-b' })).toBe('trace.1_A-b');
});

test.each([undefined, '', 'a b', 'a\nb', '"', 'x'.repeat(65)])(
  'a request with the id %j gets a new one',
  (given) => {
    expect(requestId(given === undefined ? {} : { 'x-request-id': given })).toMatch(
      /^[0-9a-f]{8}-[0-9a-f-]{27}$/,
    );
  },
);

describe('an output that nobody reads', () => {
  const event = { event: 'mcp.call', outcome: 'allowed', requestId: 'r'.repeat(64), address: '::1' } as const;
  const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
  const folder = mkdtempSync(join(tmpdir(), 'toolgate-lines-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const fifo = () => {
    // Not where the run looks for secrets in every file: nobody would write to it there.
    const path = join(folder, randomUUID());
    execFileSync('mkfifo', [path]);
    return path;
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test('holds no more than its bound; records are refused then, and taken again when somebody reads', async () => {
    const path = fifo();
    const output = lineOutput({ dest: openSync(path, O_RDWR | O_NONBLOCK), maxLength: 500_000 });
    const log = new AuditLog(output);
    const record = () => {
      log.record(event);
    };
    let written = 0;
    const fill = () => {
      for (; written < 10_000; written += 1) record();
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(written).toBeGreaterThan(500);
    await pause(300);
    // What the pipe itself holds was taken meanwhile.
    expect(fill).toThrow();
    await pause(300);
    expect(record).toThrow();
    // The first that is tried may still be refused: what has become of the output is known with the next write.
    const reading = createReadStream(path).on('data', () => undefined);
    const end = Date.now() + 10_000;
    for (let taken = false; !taken; await pause(50)) {
      expect(Date.now()).toBeLessThan(end);
      try {
        record();
        taken = true;
      } catch {
        // Not yet.
      }
    }
    output.end();
    await once(reading, 'end');
  });

  test('refuses records when its reader is gone', async () => {
    const path = fifo();
    const reading = openSync(path, O_RDONLY | O_NONBLOCK);
    const log = new AuditLog(lineOutput({ dest: openSync(path, O_WRONLY | O_NONBLOCK) }));
    closeSync(reading);
    log.record(event);
    await pause(600);
    expect(() => {
      log.record(event);
    }).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});
