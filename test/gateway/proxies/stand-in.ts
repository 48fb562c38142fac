import { createServer, type IncomingMessage, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request or an answer on its way through a proxy. Names in lower case. */
export interface Passing {
  method: string;
  path: string;
  headers: Record<string, string>;
  readonly body: string;
}
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}
/** What a proxy does with a request from this address: answers it itself, or says to which host it goes. */
export type Decide = (request: Passing, from: string) => Promise<{ answer: ProxyAnswer } | { host: string }>;

const flat = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));

async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}

/** Sends it as it is: nothing tidies the path up or adds a header. Status 0 when nobody answers. */
export async function send(host: string, { method, path, headers, body }: Passing): Promise<ProxyAnswer> {
  const [hostname, port] = host.split(':');
  return new Promise((resolve) => {
    const request = httpRequest({
      hostname,
      port,
      method,
      path,
      headers: { ...headers, connection: 'close' },
    });
    request.once('error', () => {
      resolve({ status: 0, headers: {}, body: '' });
    });
    request.once('response', (response: IncomingMessage) => {
      void textOf(response).then((text) => {
        resolve({ status: response.statusCode ?? 0, headers: flat(response), body: text });
      });
    });
    request.end(body);
  });
}

export interface StandIn {
  readonly url: string;
  /** Where its callers are, if not where they really are. */
  from?: string;
  stop(): Promise<void>;
}

/** Stands in for a proxy that this machine does not have: it does by its configuration what its documentation says. */
export async function startStandIn(decide: Decide): Promise<StandIn> {
  const server = createServer((request, response) => {
    const handle = async () => {
      const passing = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: flat(request),
        body: await textOf(request),
      };
      const decided = await decide(passing, standIn.from ?? request.socket.remoteAddress ?? '');
      const { status, headers, body } =
        'answer' in decided ? decided.answer : await send(decided.host, passing);
      const { 'transfer-encoding': _, connection: _hop, ...rest } = headers;
      response.writeHead(status || 502, { ...rest, 'content-length': Buffer.byteLength(body) }).end(body);
    };
    void handle();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const standIn: StandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return standIn;
}
