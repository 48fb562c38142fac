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
export function requestsOf(
  load: Load,
  connections: number,
): {
  readonly next: NextRequest;
  readonly answered: (connection: number, body: string) => void;
  readonly chains?: () => string[];
} {
  const { bodies, chains, once, credentials = [{}] } = load;
  const starts = credentials.map((credential) => head(load, credential));
  const nothing = () => undefined;
  if (chains) {
    const [before = '', after = ''] = (bodies?.[0] ?? '').split(CHAIN_SLOT);
    const start = starts[0] ?? '';
    const decks = Array.from({ length: connections }, (_, index) =>
      chains.filter((_token, at) => at % connections === index),
    );
    const deckOf = (connection: number) => decks[connection] ?? [];
    return {
      next: (connection) => {
        const token = deckOf(connection).shift();
        if (token === undefined) throw new Error(`connection ${connection} has no token`);
        return withBody(start, before + token + after);
      },
      answered: (connection, body) => {
        deckOf(connection).push(REFRESH_TOKEN.exec(body)?.[1] ?? '');
      },
      chains: () => decks.flat(),
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
