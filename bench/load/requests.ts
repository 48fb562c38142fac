import { CHAIN_SLOT, type Load } from './load.js';

/** The bytes to send next on a connection. */
export type NextRequest = (connection: number) => Buffer | string;

const REFRESH_TOKEN = /"refresh_token":"([^"]+)"/;

function head({ method, path, headers }: Load, credential: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ Host: '127.0.0.1', ...headers, ...credential }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}`;
}

const withBody = (start: string, body: string) =>
  `${start}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** How a load's requests are made, as cheaply as they can be: what the generator burns, Postgres beside it cannot have. */
export function requestsOf(load: Load): {
  readonly next: NextRequest;
  readonly answered: (connection: number, body: string) => void;
} {
  const { bodies, chains, once, credentials = [{}] } = load;
  const starts = credentials.map((credential) => head(load, credential));
  const nothing = () => undefined;
  if (chains) {
    const [before = '', after = ''] = (bodies?.[0] ?? '').split(CHAIN_SLOT);
    const start = starts[0] ?? '';
    const tokens = [...chains];
    return {
      next: (connection) => withBody(start, before + (tokens[connection] ?? '') + after),
      answered: (connection, body) => {
        tokens[connection] = REFRESH_TOKEN.exec(body)?.[1] ?? '';
      },
    };
  }
  const requests = starts.flatMap((start) =>
    bodies ? bodies.map((body) => Buffer.from(withBody(start, body))) : [Buffer.from(`${start}\r\n`)],
  );
  let sent = 0;
  return {
    next: () => {
      const request = once ? requests[sent] : requests[sent % requests.length];
      sent += 1;
      if (!request) throw new Error(`all ${requests.length} bodies are used up`);
      return request;
    },
    answered: nothing,
  };
}
