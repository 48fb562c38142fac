import fastifyCookie from '@fastify/cookie';
import { type DynamicModule, StandardSchemaValidationPipe, type Type } from '@nestjs/common';
import { type DiscoveryService, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyBaseLogger, LogController } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { formatScope } from './access/scopes.js';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { Clock } from './crypto/clock.js';
import { type ErrorContext, ErrorFilter } from './errors/error.filter.js';
import { invalidInput } from './errors/invalid-input.js';
import { connectMicroservices } from './gateway/microservice/connect-microservices.js';
import { openLane } from './lane/open-lane.js';
import { ToolRegistry } from './mcp/tool-registry.js';
import { accessLog, answeredLine } from './ops/access-log.js';
import { answerHeaders } from './ops/answer-headers.js';
import { ApiDocument } from './ops/docs.controller.js';
import { NestLogger, requestId } from './ops/logging.js';
import { openApiDocument } from './ops/openapi.js';
import { shallowBodies } from './ops/shallow-bodies.js';
import { renderErrorPage } from './pages/error-page.js';

/** What an application needs besides its configuration. */
export interface Running {
  readonly databaseUrl: string;
  readonly masterKey: Buffer;
  readonly logger: Logger;
  /** Only tests bring their own. */
  readonly clock?: Clock;
  /** Further modules, with tools and policies of their own. */
  readonly modules?: readonly (Type | DynamicModule)[];
  /** The application that this one is mounted in: what its providers offer counts as ours, and its log is used. */
  readonly host?: DiscoveryService;
  /** False: every request takes the framework's way, which answers the same. */
  readonly lane?: boolean;
}

/** Slow enough senders are let go: a header or a body must be here by then. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for connections past their time. */
const CHECKING_MS = 5000;

/** What comes in is checked by zod: Fastify's compilers of JSON Schema are not even loaded. */
const noSchemas = () => () => {
  throw new Error('a route has a JSON Schema, which nothing here compiles: use zod');
};

/** The one application: `start`, the tests and the benchmarks all use this. Not yet listening. */
export async function createApp(config: Config, running: Running): Promise<NestFastifyApplication> {
  const app = await assembleApp(config, running);
  await makeReady(app, config);
  return app;
}

/** The same where it is mounted in another application, whose providers are not there yet. */
export async function assembleApp(config: Config, running: Running): Promise<NestFastifyApplication> {
  const { databaseUrl, masterKey, logger, clock = new Clock(), modules = [], host, lane = true } = running;
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Fastify would make a logger for each request, which nothing here uses.
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => requestId(request.headers),
    trustProxy: config.TRUST_PROXY.length > 0 ? config.TRUST_PROXY : false,
    bodyLimit: config.BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node takes the shorter of two times for the header: without its own, a body would have twice as long.
    http: { connectionsCheckingInterval: CHECKING_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  // A factory remembers the options of what it made last: a host's are not ours to change, nor is its log.
  const factory = Object.create(NestFactory) as typeof NestFactory;
  const app = await factory.create<NestFastifyApplication>(
    AppModule.for(config, { databaseUrl, masterKey, clock, modules, host }),
    adapter,
    {
      ...(host ? { autoFlushLogs: false } : { logger: new NestLogger(logger) }),
      abortOnError: false,
      forceCloseConnections: false,
    },
  );
  await app.register(fastifyCookie);
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', answerHeaders);
  fastify.addHook('preValidation', shallowBodies);
  const answered = answeredLine(logger);
  fastify.addHook('onResponse', accessLog(answered));

  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: invalidInput }));
  const filter = new ErrorFilter(errorContext(app, config));
  app.useGlobalFilters(filter);
  app.get(ApiDocument).makeWith(() => openApiDocument(app, config));
  if (lane && !host) openLane(app, config, filter, answered);
  return app;
}

export async function makeReady(app: NestFastifyApplication, config: Config): Promise<void> {
  await app.init();
  connectMicroservices(app, config);
  await app.getHttpAdapter().getInstance().ready();
}

/** What the answers to errors need to know of an application. */
export function errorContext(app: NestFastifyApplication, config: Config): ErrorContext {
  const registry = app.get(ToolRegistry);
  return {
    issuer: config.issuer,
    renderPage: renderErrorPage,
    resourceMetadataUrl: config.resourceMetadataUrl,
    get defaultScope() {
      return formatScope(registry.scopes());
    },
  };
}
