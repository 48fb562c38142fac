import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http';
import type { LaneAnswer, LaneRoute, LaneWork } from './lane-route.js';
import { LaneRequest } from './lane-request.js';
import { wholeBody } from './whole-body.js';

export interface LaneSurroundings {
  readonly routes: readonly LaneRoute[];
  /** Bytes. */
  readonly longestBody: number;
  readonly addressOf: (request: IncomingMessage) => string;
  answerTo(error: unknown, request: LaneRequest, route: LaneRoute): LaneAnswer;
  /** Told of every answer. */
  answered(request: LaneRequest, status: number, milliseconds: number): void;
}

/** Names that a parser of JSON must not take at their word, and escapes that could spell one: the framework's to judge. */
const UNUSUAL = /__proto__|constructor|\\u00[5-7]/;

const NOTHING = Buffer.alloc(0);

/**
 * Answers the commonest requests of the busiest routes from node:http: by the same controllers and guards, but without the
 * framework's way to them (docs/adr/0019). Whatever is not entirely usual goes to the framework as it came.
 */
export class Lane {
  private readonly routes: ReadonlyMap<string, LaneRoute>;
  private open = true;

  constructor(private readonly around: LaneSurroundings) {
    this.routes = new Map(around.routes.map((route) => [route.path, route]));
  }

  /** Before whatever listens to the server's requests now. */
  leadInto(server: Server): void {
    const framework = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const pass = (): void => {
        for (const listener of framework) listener(request, response);
      };
      const route = this.open ? this.routeOf(request) : undefined;
      if (route) this.read(route, request, response, pass);
      else pass();
    });
  }

  /** From here on every request is the framework's, which knows how to stop. */
  close(): void {
    this.open = false;
  }

  private routeOf(request: IncomingMessage): LaneRoute | undefined {
    const { method, url = '', headers } = request;
    const route = this.routes.get(url);
    const usual =
      method === route?.method &&
      headers['content-type'] === route?.contentType &&
      headers.expect === undefined &&
      headers['content-encoding'] === undefined &&
      (route?.contentType === undefined ? hasNoBody(headers) : this.hasUsualBody(headers));
    return usual ? route : undefined;
  }

  private hasUsualBody(headers: IncomingHttpHeaders): boolean {
    const length = Number(headers['content-length']);
    return length > 0 && length <= this.around.longestBody;
  }

  private read(route: LaneRoute, request: IncomingMessage, response: ServerResponse, pass: () => void): void {
    const startedAt = performance.now();
    const take = (body: Buffer): void => {
      const text = body.toString();
      const asked = new LaneRequest(request, response, this.around.addressOf);
      const work = UNUSUAL.test(text) ? undefined : preparedBy(route, text, asked);
      if (work) {
        // An answer that cannot be written must not end the process.
        this.answer(work, asked, route, startedAt).catch(() => response.destroy());
        return;
      }
      request.unshift(body);
      pass();
    };
    if (route.contentType === undefined) take(NOTHING);
    else wholeBody(request, Number(request.headers['content-length']), take);
  }

  private async answer(
    work: LaneWork,
    request: LaneRequest,
    route: LaneRoute,
    startedAt: number,
  ): Promise<void> {
    const { response } = request;
    const answer = await work().catch((error: unknown) => this.around.answerTo(error, request, route));
    const { status, headers, body } = answer;
    const own = ['x-request-id', request.id, 'content-length', String(Buffer.byteLength(body))];
    response.writeHead(status, [
      ...route.headers,
      ...headers,
      ...own,
      ...(this.open ? [] : ['connection', 'close']),
    ]);
    response.end(body);
    this.around.answered(request, status, performance.now() - startedAt);
  }
}

const hasNoBody = (headers: IncomingHttpHeaders): boolean =>
  headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;

/** A body that a parser chokes on is the framework's, which has an answer for that. */
function preparedBy(route: LaneRoute, text: string, request: LaneRequest): LaneWork | undefined {
  try {
    return route.prepare(text, request);
  } catch {
    return undefined;
  }
}
