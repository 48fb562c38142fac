import { HttpException } from '@nestjs/common';
import type { ErrorCode } from './catalogue.js';
import { ToolgateError } from './toolgate-error.js';

/** What Fastify and Nest answer by status, in our words. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

/** Network errors and SQLSTATEs (Postgres appendix A) that pass by themselves: a failover, a restart, a full server. */
const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const TRANSIENT_SQLSTATE = /^(08|53|57P0|40001|40P01|25006)/;
const TRANSIENT_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

function isTransient(error: Error & { code?: unknown }): boolean {
  const code = typeof error.code === 'string' ? error.code : '';
  return (
    TRANSIENT.has(code) ||
    (/^[0-9A-Z]{5}$/.test(code) && TRANSIENT_SQLSTATE.test(code)) ||
    TRANSIENT_MESSAGE.test(error.message)
  );
}

/** Any thrown value as the one error type: what is not understood is `internal`, and says nothing of itself. */
export function toToolgateError(thrown: unknown): ToolgateError {
  if (thrown instanceof ToolgateError) return thrown;
  if (!(thrown instanceof Error)) return new ToolgateError('internal', { cause: thrown });
  if (isTransient(thrown)) {
    return new ToolgateError('unavailable', {
      cause: thrown,
      reason: thrown.message,
      headers: { 'Retry-After': '2' },
    });
  }
  const status =
    thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: unknown }).statusCode;
  const code = typeof status === 'number' ? BY_STATUS[status] : undefined;
  return new ToolgateError(code ?? 'internal', { cause: thrown, reason: thrown.message });
}
