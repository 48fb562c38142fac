import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CATALOGUE } from './catalogue.js';
import { challenge, type ChallengeContext } from './challenge.js';
import { toToolgateError } from './from-unknown.js';
import type { ToolgateError } from './toolgate-error.js';

export interface ErrorContext extends ChallengeContext {
  readonly issuer: string;
}

/** Login and refresh answer 401 about what is in their body: a Bearer challenge would tell the client to start OAuth. */
const WITHOUT_CHALLENGE: readonly string[] = [
  'invalid_login',
  'invalid_refresh_token',
  'expired_refresh_token',
  'reused_refresh_token',
];

/** The one place where an error becomes an answer: RFC 9457 on REST, RFC 6750 on the MCP endpoint. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly log = new Logger('Errors');

  constructor(private readonly context: ErrorContext) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = toToolgateError(thrown);
    this.report(error, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }

    const { title } = CATALOGUE[error.code];
    const detail = error.options.detail ?? title;
    const wwwAuthenticate = WITHOUT_CHALLENGE.includes(error.code)
      ? undefined
      : challenge(error, detail, this.context);
    if (wwwAuthenticate !== undefined) void reply.header('WWW-Authenticate', wwwAuthenticate);
    const isMcp = /^\/mcp(?:[/?]|$)/.test(request.url);
    void reply
      .headers({ 'Cache-Control': 'no-store', ...error.options.headers })
      .status(error.status)
      .type(isMcp ? 'application/json' : 'application/problem+json')
      .send(
        JSON.stringify(isMcp ? this.bearerError(error, detail) : this.problem(error, detail, request.id)),
      );
  }

  /** RFC 9457. */
  private problem(error: ToolgateError, detail: string, requestId: string) {
    const { status, title, help } = CATALOGUE[error.code];
    const scopes = error.options.scopes && { required_scopes: error.options.scopes };
    const type = `${this.context.issuer}/errors/${error.code}`;
    return {
      type,
      title,
      status,
      detail,
      code: error.code,
      help,
      request_id: requestId,
      ...scopes,
      ...error.options.members,
    };
  }

  /** RFC 6750 section 3.1 names three errors; the rest speak by status and description. */
  private bearerError(error: ToolgateError, detail: string) {
    const scopes = error.options.scopes && { scope: error.options.scopes.join(' ') };
    const word =
      error.status === 401
        ? 'invalid_token'
        : error.code === 'insufficient_scope'
          ? error.code
          : 'invalid_request';
    const { help } = CATALOGUE[error.code];
    return {
      ...(error.code === 'missing_credential' || error.status >= 500 ? {} : { error: word }),
      error_description: `${detail}. ${help}`.replace(/([.!?])\. /, '$1 '),
      error_uri: `${this.context.issuer}/errors/${error.code}`,
      ...scopes,
    };
  }

  private report(error: ToolgateError, request: FastifyRequest): void {
    const context = { requestId: request.id, code: error.code, reason: error.message };
    if (error.status >= 500) this.log.error({ ...context, err: error.options.cause ?? error });
    else this.log.debug(context);
  }
}
