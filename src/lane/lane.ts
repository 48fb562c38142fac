import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { LaneRequest } from './lane-request.js';
import { wholeBody } from './whole-body.js';

export interface LaneAnswer {
  readonly status: number;
  /** Name, value, name, value; without those that every answer has. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** A route that the lane may answer. */
export interface LaneRoute {
  readonly contentType: string;
  /**
   * The work that a body asks for, or undefined where the framework must have the request: nothing may have happened then.
   * What the work throws is answered as everywhere.
   */
  prepare(text: string, request: LaneRequest): (() => Promise<LaneAnswer>) | undefined;
}

export interface LaneSurroundings {
  readonly routes: ReadonlyMap<string, LaneRoute>;
  readonly longestBody: number;
  addressOf(request: IncomingMessage): string;
  answerTo(error: unknown, request: LaneRequest): LaneAnswer;
  answered(request: LaneRequest, status: number, milliseconds: number): void;
}

/** Names that a JSON parser must not take at their word, and the escape that could hide one: the framework's to judge. */
const UNUSUAL = /__proto__|constructor|\\u/;

/**
 * Answers the commonest requests of the hottest routes from node:http directly: the same controllers and guards, without
 * the framework's way to them (docs/adr/0019). Whatever is not entirely usual goes to the framework, untouched.
 */
export class Lane {
  private open = true;

  constructor(private readonly around: LaneSurroundings) {}

  before(server: Server): void {
    const framework = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.take(request, response, framework)) return;
      for (const listener of framework) listener(request, response);
    });
  }

  /** From here on everything is the framework's, which knows how to stop. */
  close(): void {
    this.open = false;
  }

  private take(
    request: IncomingMessage,
    response: ServerResponse,
    framework: readonly RequestListener[],
  ): boolean {
    const route = request.method === 'POST' && this.open ? this.around.routes.get(request.url ?? '') : undefined;
    const { headers } = request;
    if (route?.contentType !== headers['content-type'] || headers.expect !== undefined) return false;
    const length = Number(headers['content-length']);
    if (!(length > 0 && length <= this.around.longestBody)) return false;
    const startedAt = performance.now();
    wholeBody(request, length, (body) => {
      const asked = new LaneRequest(request, this.around.addressOf);
      const text = body.toString();
      const work = UNUSUAL.test(text) ? undefined : route?.prepare(text, asked);
      if (!work) {
        request.unshift(body);
        for (const listener of framework) listener(request, response);
        return;
      }
      void this.answer(work, asked, response, startedAt);
    });
    return true;
  }

  private async answer(
    work: () => Promise<LaneAnswer>,
    request: LaneRequest,
    response: ServerResponse,
    startedAt: number,
  ): Promise<void> {
    let answer: LaneAnswer;
    try {
      answer = await work();
    } catch (error) {
      answer = this.around.answerTo(error, request);
    }
    const { status, headers, body } = answer;
    response.writeHead(status, [
      ...headers, 'x-request-id', request.id, 'content-length', String(Buffer.byteLength(body)),
    ]); // prettier-ignore
    response.end(body);
    this.around.answered(request, status, performance.now() - startedAt);
  }
}
