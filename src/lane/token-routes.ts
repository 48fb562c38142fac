import { parse } from 'fast-querystring';
import type { z } from 'zod';
import type { AuthController } from '../auth/auth.controller.js';
import { LoginBody, RefreshBody } from '../auth/auth.schemas.js';
import type { IntrospectionController } from '../oauth/inspection/introspection.controller.js';
import type { TokenController } from '../oauth/token/token.controller.js';
import type { AuditedWork } from '../ops/audit/audited-work.js';
import { headersOf, jsonAnswer, type LaneAnswer, type LaneRoute, parsedJson } from './lane-route.js';
import type { LaneRequest } from './lane-request.js';

const NO_STORE = ['cache-control', 'no-store'];

/** The controllers are open to all and check their callers themselves, so that no guard stands before them. */
export const tokenRoute = (controller: TokenController): LaneRoute =>
  formRoute('/oauth/token', [...NO_STORE, 'pragma', 'no-cache'], (body, request) =>
    controller.token(body, request),
  );

export const introspectionRoute = (controller: IntrospectionController): LaneRoute =>
  formRoute('/oauth/introspect', NO_STORE, (body, request) => controller.introspect(body, request));

function formRoute(
  path: string,
  headers: string[],
  method: (body: unknown, request: LaneRequest) => Promise<object>,
): LaneRoute {
  return {
    method: 'POST',
    path,
    contentType: 'application/x-www-form-urlencoded',
    headers: headersOf(path, ...headers),
    prepare: (text, request) => async () => {
      request.body = parse(text);
      return jsonAnswer(JSON.stringify(await method(request.body, request)));
    },
  };
}

export const refreshRoute = (controller: AuthController): LaneRoute =>
  jsonRoute('/auth/refresh', RefreshBody, async (body, request) =>
    jsonAnswer(JSON.stringify(await controller.refresh(body, request))),
  );

export const loginRoute = (controller: AuthController, audited: AuditedWork): LaneRoute =>
  jsonRoute('/auth/login', LoginBody, async (body, request) => {
    const own: string[] = [];
    const reply = { headers: (values: Record<string, string>) => own.push(...Object.entries(values).flat()) };
    const login = () => controller.login(body, request, reply);
    return jsonAnswer(JSON.stringify(await audited.run('account.signed_in', request, login)), own);
  });

function jsonRoute<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  answer: (body: z.output<Schema>, request: LaneRequest) => Promise<LaneAnswer>,
): LaneRoute {
  return {
    method: 'POST',
    path,
    contentType: 'application/json',
    headers: headersOf(path, ...NO_STORE),
    prepare(text, request) {
      const body = schema.safeParse(parsedJson(text));
      if (!body.success) return undefined;
      request.body = body.data;
      return () => answer(body.data, request);
    },
  };
}
