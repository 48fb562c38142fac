import type { IncomingMessage } from 'node:http';

/**
 * Reads the whole body, whose length is known, and stops before its end is told: so `unshift` can give it back to whoever
 * reads next. Never calls back for a sender that goes away or stops half-way: the server's own timeouts end that.
 */
export function wholeBody(request: IncomingMessage, length: number, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    received += chunk.length;
    if (received < length) return;
    request.off('data', onData).pause();
    const [only] = chunks;
    then(chunks.length === 1 && only ? only : Buffer.concat(chunks));
  };
  request.on('data', onData);
}
