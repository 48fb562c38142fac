import type { IncomingHttpHeaders } from 'node:http';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  specTypeSchemas,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server';

/** A `tools/call` or `tools/list` with nothing unusual in any part of it. */
export interface PlainRequest {
  readonly era: 'modern' | 'legacy';
  readonly id: string | number;
  /** The tool that is called; undefined for `tools/list`. */
  readonly tool: string | undefined;
  readonly input: unknown;
}

type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const onlyHas = (value: Members, allowed: ReadonlySet<string>): boolean => {
  for (const name in value) if (!allowed.has(name)) return false;
  return true;
};

const MODERN = '2026-07-28';
const MESSAGE = new Set(['jsonrpc', 'id', 'method', 'params']);
const PARAMS = new Set(['name', 'arguments', '_meta']);
const LEGACY_META = new Set(['progressToken']);
const MODERN_META = new Set([
  ...LEGACY_META,
  PROTOCOL_VERSION_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
]);
const CLIENT_INFO = new Set(['name', 'version']);
const LEGACY_VERSIONS: ReadonlySet<string> = new Set(SUPPORTED_PROTOCOL_VERSIONS);
const NO_META: Members = {};

const isProgressToken = (value: unknown): boolean =>
  value === undefined || typeof value === 'string' || Number.isSafeInteger(value);

/** The schema is asked only about what it alone can tell. */
const isClientInfo = (info: unknown): boolean =>
  isObject(info) &&
  typeof info['name'] === 'string' &&
  typeof info['version'] === 'string' &&
  (onlyHas(info, CLIENT_INFO) || !('issues' in specTypeSchemas.Implementation['~standard'].validate(info)));

/** The envelope and the headers of 2026-07-28, which must say the same. */
function isModern(meta: Members, headers: IncomingHttpHeaders, method: string, name: string | undefined) {
  const capabilities = meta[CLIENT_CAPABILITIES_META_KEY];
  const info = meta[CLIENT_INFO_META_KEY];
  return (
    headers['mcp-protocol-version'] === MODERN &&
    headers['mcp-method'] === method &&
    headers['mcp-name'] === name &&
    meta[PROTOCOL_VERSION_META_KEY] === MODERN &&
    onlyHas(meta, MODERN_META) &&
    isObject(capabilities) &&
    (Object.keys(capabilities).length === 0 ||
      !('issues' in specTypeSchemas.ClientCapabilities['~standard'].validate(capabilities))) &&
    (info === undefined || isClientInfo(info))
  );
}

function isLegacy(meta: Members, headers: IncomingHttpHeaders): boolean {
  const version = headers['mcp-protocol-version'];
  const accept = headers.accept ?? '';
  return (
    (version === undefined || (typeof version === 'string' && LEGACY_VERSIONS.has(version))) &&
    headers['mcp-session-id'] === undefined &&
    accept.includes('application/json') &&
    accept.includes('text/event-stream') &&
    onlyHas(meta, LEGACY_META)
  );
}

/**
 * Reads a request of the two commonest kinds, when it is well formed to the last part. Whatever is not, or asks for more
 * (a page, a trace, a session, a claim the headers contradict), is undefined here, and the SDK's to answer.
 */
export function plainRequest(body: unknown, headers: IncomingHttpHeaders): PlainRequest | undefined {
  if (!isObject(body) || !onlyHas(body, MESSAGE) || headers['content-type'] !== 'application/json')
    return undefined;
  const { jsonrpc, id, method, params = NO_META } = body;
  if (jsonrpc !== '2.0' || (typeof id !== 'string' && !Number.isSafeInteger(id)) || !isObject(params))
    return undefined;
  const { name, arguments: input, _meta: meta = NO_META } = params;
  if (!onlyHas(params, PARAMS) || !isObject(meta) || !isProgressToken(meta['progressToken']))
    return undefined;
  const calls =
    method === 'tools/call' && typeof name === 'string' && (input === undefined || isObject(input));
  const lists = method === 'tools/list' && name === undefined && input === undefined;
  if (!calls && !lists) return undefined;

  const tool = calls ? name : undefined;
  const era = PROTOCOL_VERSION_META_KEY in meta ? 'modern' : 'legacy';
  const wellFormed = era === 'modern' ? isModern(meta, headers, method, tool) : isLegacy(meta, headers);
  return wellFormed ? { era, id: id as string | number, tool, input: input ?? {} } : undefined;
}
