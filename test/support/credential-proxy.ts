import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CredentialProxy {
  readonly url: string;
  stop(): void;
}

/** Passes every request on with one more header, and every answer back as it comes: for clients that can send none. */
export async function startCredentialProxy(
  target: string,
  header: readonly [string, string],
): Promise<CredentialProxy> {
  const { hostname, port, pathname } = new URL(target);
  const server = createServer((incoming, answer) => {
    const headers = { ...incoming.headers, [header[0]]: header[1] };
    const options = { hostname, port, path: incoming.url, method: incoming.method, headers };
    const outgoing = send(options, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
