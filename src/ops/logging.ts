import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import { loggedError } from '../errors/logged-error.js';
import { type DestinationStream, type Level, type Logger, pino, stdTimeFunctions } from 'pino';

/** Whatever has the shape of one of our credentials. */
const CREDENTIAL = /eyJ[\w-]+\.[\w-]+\.[\w-]*|tg[kromsd]_[\w-]+/g;
/** Names of fields whose values are secrets. */
export const SENSITIVE = [
  'authorization',
  'cookie',
  'x-api-key',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'client_secret',
  'registration_access_token',
  'id_token',
  'key',
];

/** The text without any credential in it. */
export const scrub = (text: string): string => text.replace(CREDENTIAL, '[redacted]');

/**
 * Lines are written in batches: a write per line costs more than the line. What waits is written at the latest a quarter
 * of a second later, and by pino itself when the process exits.
 */
const BATCHED = { sync: false, minLength: 32_768, maxWrite: 65_536, periodicFlush: 250 };
/** Bytes that wait when nobody reads what is written. Past it lines are left out. */
const MOST_UNREAD = 16 * 1024 * 1024;

/** Where lines go. What can fail tells of it: `error` and `drop`, and `write` when it is well again. */
export interface LineOutput extends DestinationStream {
  on?(event: 'drop' | 'error' | 'write', heard: () => void): unknown;
}

/** Standard output, unless a test writes elsewhere. It may fail, be full or have no reader: that ends no process. */
export function lineOutput({ dest = 1, maxLength = MOST_UNREAD } = {}): ReturnType<typeof pino.destination> {
  const output = pino.destination({ ...BATCHED, dest, maxLength }).on('error', () => undefined);
  outputs.add(output);
  return output;
}
const outputs = new Set<ReturnType<typeof pino.destination>>();

/** Whether all lines are written, at the latest then. */
export async function linesWritten(withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, withinMs, false);
  });
  const written = [...outputs].map(
    (output) =>
      new Promise((resolve) => {
        output.flush(resolve);
      }),
  );
  const all = await Promise.race([Promise.all(written).then(() => true), late]);
  clearTimeout(timer);
  return all;
}

interface LoggedRequest {
  readonly method: string;
  readonly url: string;
  readonly id: unknown;
  readonly ip?: string;
}

/**
 * JSON lines. No header, body or query string is ever handed to it; the rest is belt and braces: sensitive fields are
 * redacted by name, and every finished line is searched for credentials.
 */
export function createLogger(level: Level | 'silent', destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service: 'toolgate' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SENSITIVE.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
      serializers: {
        req: ({ method, url, id, ip }: LoggedRequest) => ({ method, path: url.split('?', 1)[0], id, ip }),
        res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
        err: (error: unknown) => (error instanceof Error ? loggedError(error) : error),
      },
      hooks: { streamWrite: scrub },
    },
    destination ?? lineOutput(),
  );
}

/** The caller's X-Request-Id when it is one that may stand in a log, else a new id. */
export function requestId(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Nest's own messages in the same lines. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...more: unknown[]): void {
    this.write('debug', message, more);
  }
  error(message: unknown, ...more: unknown[]): void {
    this.write('error', message, more);
  }
  warn(message: unknown, ...more: unknown[]): void {
    this.write('warn', message, more);
  }
  debug(message: unknown, ...more: unknown[]): void {
    this.write('debug', message, more);
  }
  verbose(message: unknown, ...more: unknown[]): void {
    this.write('trace', message, more);
  }
  fatal(message: unknown, ...more: unknown[]): void {
    this.write('fatal', message, more);
  }

  /** Nest passes the context last, and for errors a stack before it. */
  private write(level: Level, message: unknown, more: unknown[]): void {
    const context = more.at(-1);
    if (typeof message === 'object' && message !== null) this.logger[level]({ ...message, context });
    else this.logger[level]({ context, ...(more.length > 1 ? { stack: more[0] } : {}) }, String(message));
  }
}
