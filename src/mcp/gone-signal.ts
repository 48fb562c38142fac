import type { ServerResponse } from 'node:http';

/** Aborts when the caller goes away, or has all of the answer. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  return gone.signal;
}
