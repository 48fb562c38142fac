import type { IncomingMessage } from 'node:http';
import { ToolgateError } from '../errors/toolgate-error.js';

/** @throws ToolgateError `payload_too_large`, `unsupported_media_type`, `malformed_request` */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  if (!/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new ToolgateError('unsupported_media_type');
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) throw new ToolgateError('payload_too_large');
      chunks.push(chunk);
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw cause instanceof ToolgateError ? cause : new ToolgateError('malformed_request', { cause });
  }
}
