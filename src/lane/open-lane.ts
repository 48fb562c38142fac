import proxyAddr from '@fastify/proxy-addr';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Type } from '@nestjs/common';
import { AuthController } from '../auth/auth.controller.js';
import { AuthenticationGuard } from '../auth/authentication.guard.js';
import { ScopeGuard } from '../auth/scope.guard.js';
import type { Config } from '../config/config.js';
import type { ErrorFilter } from '../errors/error.filter.js';
import { CallGate } from '../mcp/call.gate.js';
import { OriginGuard } from '../mcp/origin.guard.js';
import { PlainAnswers } from '../mcp/plain-answers.js';
import { IntrospectionController } from '../oauth/inspection/introspection.controller.js';
import { TokenController } from '../oauth/token/token.controller.js';
import type { Answered } from '../ops/access-log.js';
import { AuditedWork } from '../ops/audit/audited-work.js';
import { JwksController } from '../tokens/jwks.controller.js';
import { Lane, type LaneSurroundings } from './lane.js';
import { jwksRoute } from './jwks-route.js';
import { mcpRoute } from './mcp-route.js';
import { introspectionRoute, loginRoute, refreshRoute, tokenRoute } from './token-routes.js';

/** The address that the framework would find too. */
function addressFinder(trusted: readonly string[]): LaneSurroundings['addressOf'] {
  if (trusted.length === 0) return ({ socket }) => socket.remoteAddress ?? '';
  const trust = proxyAddr.compile([...trusted]);
  return (request) => proxyAddr.all(request, trust).at(-1) ?? '';
}

/** Opens the lane in front of an application that is made and not yet initialised, until that closes. */
export function openLane(
  app: NestFastifyApplication,
  config: Config,
  filter: ErrorFilter,
  answered: (request: Answered, status: number, ms: number) => void,
): void {
  const get = <T>(type: Type<T>): T => app.get(type, { strict: false });
  // In the order in which they stand before the endpoint.
  const guards = [get(AuthenticationGuard), get(ScopeGuard), get(OriginGuard), get(CallGate)];
  const lane = new Lane({
    routes: [
      mcpRoute(guards, get(PlainAnswers)),
      loginRoute(get(AuthController), get(AuditedWork)),
      refreshRoute(get(AuthController)),
      tokenRoute(get(TokenController)),
      introspectionRoute(get(IntrospectionController)),
      jwksRoute(get(JwksController)),
    ],
    longestBody: config.BODY_LIMIT,
    addressOf: addressFinder(config.TRUST_PROXY),
    answerTo(error, request, route) {
      const { status, type, headers, body } = filter.answerTo(error, request);
      // A page says its charset itself; the framework adds it to JSON.
      const whole = type.includes('charset') ? type : `${type}; charset=utf-8`;
      const own = Object.entries(headers).filter(([name]) => !route.headers.includes(name.toLowerCase()));
      return { status, headers: [...own.flat(), 'content-type', whole], body };
    },
    answered,
  });
  lane.leadInto(app.getHttpServer());
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', (done) => {
      lane.close();
      done();
    });
}
