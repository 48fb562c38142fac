import type { INestApplication } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { PUBLIC, REQUIRED_SCOPES } from '../access/decorators.js';
import type { Config } from '../config/config.js';
import { VERSION } from '../config/version.js';
import { describeApi } from './api-description.js';

/** The slice of an OpenAPI operation that is looked at or added to here. */
export interface Operation {
  readonly summary?: string;
  readonly tags?: string[];
  readonly operationId?: string;
  security?: Record<string, string[]>[];
  'x-required-scopes'?: readonly string[];
  readonly parameters?: { name: string; in: string; required?: boolean; schema?: object }[];
  readonly requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const PROBLEM: NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string] = {
  type: 'object',
  description: 'RFC 9457. `type` leads to the documentation of the error.',
  required: ['type', 'title', 'status', 'detail', 'code', 'help', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    help: { type: 'string', description: 'what to do about it' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } },
    },
    advice: { type: 'array', items: { type: 'string' } },
    required_scopes: { type: 'array', items: { type: 'string' } },
  },
};

const OAUTH_ERROR: typeof PROBLEM = {
  type: 'object',
  description: 'RFC 6749 section 5.2',
  required: ['error_description'],
  properties: { error: { type: 'string' }, error_description: { type: 'string' } },
};
const PROBLEM_BODY = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
const OAUTH_BODY = { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } };

const MEANING: Readonly<Record<string, string>> = {
  400: 'The request could not be read',
  401: 'No valid credential',
  403: 'A scope is missing',
  404: 'Nothing there',
  409: 'The address is taken',
  422: 'A field is not valid',
  429: 'Too many attempts',
  503: 'Not right now; see Retry-After',
};

/** Every operation of a document, with its method and path. */
export function operations(
  document: OpenAPIObject,
): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      return operation ? [{ method: method.toUpperCase(), path, operation }] : [];
    }),
  );
}

/** OpenAPI 3.1 from the controllers themselves. */
export async function openApiDocument(app: INestApplication, config: Config): Promise<OpenAPIObject> {
  const { DocumentBuilder, SwaggerModule } = await describeApi();
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Toolgate')
    .setDescription('The authentication service for MCP servers.')
    .setVersion(VERSION)
    .addServer(config.issuer)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An access token or an API key' }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'apiKey')
    .build();
  const document = SwaggerModule.createDocument(app, builder);
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM, OAuthError: OAUTH_ERROR },
  };
  const access = accessByOperation(app);
  for (const { path, operation } of operations(document)) {
    // A method with several paths gets an id per path: `Controller_method[0]`.
    const { open, scopes } = access.get((operation.operationId ?? '').replace(/\[\d+\]$/, '')) ?? CLOSED;
    if (scopes.length > 0) operation['x-required-scopes'] = scopes;
    operation.security = open ? [] : [{ bearer: [] }, { apiKey: [] }];
    const body = path.startsWith('/oauth/') ? OAUTH_BODY : PROBLEM_BODY;
    for (const status of failures(path, operation, open))
      operation.responses[status] ??= { description: MEANING[status] ?? '', content: body };
  }
  return document;
}

interface Access {
  readonly open: boolean;
  readonly scopes: readonly string[];
}
const CLOSED: Access = { open: false, scopes: [] };

/** @nestjs/swagger names an operation `Controller_method`; `@Public()` and `@RequireScope()` may stand on either. */
function accessByOperation(app: INestApplication): Map<string, Access> {
  const scanner = new MetadataScanner();
  const access = new Map<string, Access>();
  for (const { metatype, instance } of app.get(DiscoveryService, { strict: false }).getControllers()) {
    if (!metatype) continue;
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const targets = [prototype[name] ?? {}, metatype];
      access.set(`${metatype.name}_${name}`, {
        open: targets.some((target) => Reflect.getMetadata(PUBLIC, target) === true),
        scopes: targets.flatMap(
          (target) => (Reflect.getMetadata(REQUIRED_SCOPES, target) ?? []) as readonly string[],
        ),
      });
    }
  }
  return access;
}

function failures(path: string, operation: Operation, open: boolean): string[] {
  if (path === '/healthz') return [];
  if (path.startsWith('/oauth/')) return ['400', '401', '403', '429', '503'];
  return [
    ...(open ? [] : ['401', '403']),
    ...(operation.requestBody ? ['400', '422'] : []),
    ...(path.includes('{') ? ['404'] : []),
    ...(/\/(login|refresh|logout)$/.test(path) ? ['401'] : []),
    ...(path.endsWith('/register') ? ['409'] : []),
    ...(/\/(login|register)$/.test(path) ? ['429'] : []),
    '503',
  ];
}
