import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { parse as parseForm } from 'fast-querystring';
import { AuthController } from '../auth/auth.controller.js';
import { RefreshBody } from '../auth/auth.schemas.js';
import { AuthenticationGuard } from '../auth/authentication.guard.js';
import { ScopeGuard } from '../auth/scope.guard.js';
import { CallGate } from '../mcp/call.gate.js';
import { McpController } from '../mcp/mcp.controller.js';
import { OriginGuard } from '../mcp/origin.guard.js';
import { PlainAnswers } from '../mcp/plain-answers.js';
import { plainRequest } from '../mcp/plain-request.js';
import { IntrospectionController } from '../oauth/inspection/introspection.controller.js';
import { TokenController } from '../oauth/token/token.controller.js';
import { headersFor } from '../ops/answer-headers.js';
import type { LaneAnswer, LaneRoute } from './lane.js';
import type { LaneRequest } from './lane-request.js';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const NO_STORE = ['cache-control', 'no-store'];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A controller's method that answers an object in JSON, as the framework sends it. */
function form(
  path: string,
  more: readonly string[],
  method: (body: unknown, request: LaneRequest) => Promise<object>,
): [string, LaneRoute] {
  const headers = [...headersFor(path), ...more, 'content-type', 'application/json; charset=utf-8'];
  return [
    path,
    {
      contentType: FORM_TYPE,
      prepare: (text, request) => async (): Promise<LaneAnswer> => {
        request.body = parseForm(text);
        return { status: 200, headers, body: JSON.stringify(await method(request.body, request)) };
      },
    },
  ];
}

export function laneRoutes(app: NestFastifyApplication): ReadonlyMap<string, LaneRoute> {
  const get = <T>(type: new (...a: never[]) => T): T => app.get<T>(type, { strict: false });
  const auth = get(AuthController);
  const token = get(TokenController);
  const introspection = get(IntrospectionController);
  const guards = [get(AuthenticationGuard), get(ScopeGuard), get(OriginGuard), get(CallGate)];
  const plain = get(PlainAnswers);
  const refreshHeaders = [...headersFor('/auth/refresh'), ...NO_STORE, 'content-type', 'application/json; charset=utf-8'];
  const mcpHeaders = [...headersFor('/mcp'), 'content-type', 'application/json'];
  return new Map<string, LaneRoute>([
    form('/oauth/token', [...NO_STORE, 'pragma', 'no-cache'], (body, request) => token.token(body, request as never)),
    form('/oauth/introspect', NO_STORE, (body, request) => introspection.introspect(body, request as never)),
    [
      '/auth/refresh',
      {
        contentType: JSON_TYPE,
        prepare(text, request) {
          const body = RefreshBody.safeParse(parsed(text));
          if (!body.success) return undefined;
          request.body = body.data;
          return async () => ({
            status: 200,
            headers: refreshHeaders,
            body: JSON.stringify(await auth.refresh(body.data)),
          });
        },
      },
    ],
    [
      '/mcp',
      {
        contentType: JSON_TYPE,
        prepare(text, request) {
          const body = parsed(text);
          const asked = plainRequest(body, request.headers);
          if (!asked?.tool || !plain.knows(asked.tool)) return undefined;
          request.body = body;
          return async () => {
            const context = new ExecutionContextHost([request], McpController, McpController.prototype.post);
            for (const guard of guards) await guard.canActivate(context);
            if (!request.principal) throw new Error('no principal');
            const answer = await plain.answer(asked, request.principal, () => new AbortController().signal);
            if (answer === undefined) throw new Error('a plain tool was not answered');
            return { status: 200, headers: mcpHeaders, body: answer };
          };
        },
      },
    ],
  ]);
}
