import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface LocalServer {
  readonly port: number;
  readonly url: string;
  /** How many requests came. */
  readonly count: number;
  answer: RequestListener;
  stop(): Promise<void>;
}

/** A server on a free port of 127.0.0.1, whose answer a test can change. */
export async function serve(
  answer: RequestListener,
  tls?: { key: string; cert: string },
): Promise<LocalServer> {
  let count = 0;
  const listener: RequestListener = (request, response) => {
    count += 1;
    local.answer(request, response);
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const local: LocalServer = {
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    answer,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return local;
}

/** Answers with a value in JSON. */
export const json =
  (value: unknown, headers: Record<string, string> = {}, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
