import type { IncomingMessage } from 'node:http';
import { ToolgateError } from '../../errors/toolgate-error.js';

const JSON_TYPE = /^application\/json(?: *; *charset="?utf-8"?)?$/i;

/** @throws ToolgateError `unsupported_media_type`, `payload_too_large`, `malformed_request` */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (
    !JSON_TYPE.test(request.headers['content-type']?.trim() ?? '') ||
    (encoding ?? 'identity') !== 'identity'
  )
    throw new ToolgateError('unsupported_media_type');
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new ToolgateError('payload_too_large');
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > limit) throw new ToolgateError('payload_too_large');
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof ToolgateError) throw error;
    throw new ToolgateError('malformed_request', { reason: 'the body was cut off' });
  }
  return Buffer.concat(parts);
}
