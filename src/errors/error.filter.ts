import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, throwError } from 'rxjs';
import { bearerBody } from './bearer-body.js';
import { CATALOGUE } from './catalogue.js';
import { challenge, type ChallengeContext } from './challenge.js';
import { toToolgateError } from './from-unknown.js';
import { loggedError } from './logged-error.js';
import { messageError } from './message-error.js';
import { OAuthError, PageError } from './oauth-error.js';
import { problemOf } from './problem.js';
import { rpcError } from './rpc-error.js';
import { surfaceOf } from './surface.js';
import type { ToolgateError } from './toolgate-error.js';

/** What of a request its errors are told by. */
export type FailedRequest = Pick<FastifyRequest, 'id' | 'url' | 'body'>;

export interface ErrorContext extends ChallengeContext {
  readonly issuer: string;
  /** The error page, as a whole document, and the Content-Security-Policy it needs. */
  renderPage(error: PageError, requestId: string): { html: string; policy: string };
}

export interface ErrorAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Login and refresh answer 401 about what is in their body: a Bearer challenge would tell the client to start OAuth. */
const WITHOUT_CHALLENGE: readonly string[] = [
  'invalid_login',
  'invalid_refresh_token',
  'expired_refresh_token',
  'reused_refresh_token',
];

/** Between two lines about who was turned away. Each is in the access log with its status. */
const QUIET_MS = 1000;

/**
 * The one place where an error becomes an answer: RFC 9457 on REST, RFC 6750 on the MCP endpoint (JSON-RPC where a call was
 * understood and refused), RFC 6749 on the OAuth endpoints, a page where a person looks, an object to the sender of a message.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly log = new Logger('Errors');
  private quietUntil = 0;

  constructor(private readonly context: ErrorContext) {}

  catch(thrown: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() !== 'http') return this.toMessage(thrown);
    this.toRequest(thrown, host);
    return undefined;
  }

  /** To the sender of a message: Nest sends what the observable fails with. */
  private toMessage(thrown: unknown): Observable<never> {
    if (!(thrown instanceof OAuthError)) this.report(toToolgateError(thrown));
    else this.log.debug({ code: thrown.error, reason: thrown.message });
    return throwError(() => messageError(thrown, this.context.issuer));
  }

  private toRequest(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const answer = this.answerTo(thrown, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply.headers(answer.headers).status(answer.status).type(answer.type).send(answer.body);
  }

  /** Writes to the log what people must know of it. */
  answerTo(thrown: unknown, request: FailedRequest): ErrorAnswer {
    const { headers, ...answer } = this.answer(thrown, request);
    return { ...answer, headers: { 'Cache-Control': 'no-store', ...headers } };
  }

  private answer(thrown: unknown, request: FailedRequest): ErrorAnswer {
    if (thrown instanceof OAuthError) {
      this.log.debug({ requestId: request.id, code: thrown.error, reason: thrown.message });
      return this.json(thrown.status, thrown.options.headers, {
        error: thrown.error,
        error_description: thrown.description,
      });
    }
    if (thrown instanceof PageError) {
      this.log.debug({ requestId: request.id, code: thrown.code, reason: thrown.message });
      return this.page(thrown, {}, request);
    }
    const error = toToolgateError(thrown);
    this.report(error, request.id);
    return this.toolgate(error, request);
  }

  private toolgate(error: ToolgateError, request: FailedRequest): ErrorAnswer {
    const { title, help } = CATALOGUE[error.code];
    const detail = error.options.detail ?? title;
    const surface = surfaceOf(request.url);
    if (surface === 'page') {
      const shown = { title, what: detail, mend: [help] };
      return this.page(new PageError(error.code, shown), error.options.headers, request, error.status);
    }
    const wwwAuthenticate = WITHOUT_CHALLENGE.includes(error.code)
      ? undefined
      : challenge(error, detail, this.context);
    const headers = {
      ...(wwwAuthenticate === undefined ? {} : { 'WWW-Authenticate': wwwAuthenticate }),
      ...error.options.headers,
    };
    if (surface === 'rest') {
      const body = JSON.stringify(problemOf(error, this.context.issuer, request.id));
      return { status: error.status, type: 'application/problem+json', headers, body };
    }
    const rpc = surface === 'mcp' ? rpcError(error, detail, request.body) : undefined;
    return this.json(error.status, headers, rpc ?? bearerBody(error, this.context.issuer));
  }

  private json(status: number, headers: ErrorAnswer['headers'] | undefined, body: object): ErrorAnswer {
    return { status, type: 'application/json', headers: headers ?? {}, body: JSON.stringify(body) };
  }

  private page(
    error: PageError,
    headers: ErrorAnswer['headers'] | undefined,
    request: FailedRequest,
    status: number = error.status,
  ): ErrorAnswer {
    const { html, policy } = this.context.renderPage(error, request.id);
    return {
      status,
      type: 'text/html; charset=utf-8',
      headers: { 'Content-Security-Policy': policy, ...headers },
      body: html,
    };
  }

  /** Turned away for want of room. Nothing is broken, and in a storm a line for each would be the most of the work. */
  private reportFull(context: object): void {
    const now = performance.now();
    if (now < this.quietUntil) return;
    this.quietUntil = now + QUIET_MS;
    this.log.warn(context);
  }

  private report(error: ToolgateError, requestId?: string): void {
    const context = { requestId, code: error.code, reason: error.message };
    if (error.status < 500) this.log.debug(context);
    else if (error.code === 'unavailable' && error.options.cause === undefined) this.reportFull(context);
    else this.log.error({ ...context, err: loggedError(error.options.cause ?? error) });
  }
}
