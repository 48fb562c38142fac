import type { IncomingHttpHeaders } from 'node:http';
import { nameFieldOf } from './header-agreement.js';
import type { Message } from './message.js';

/** What the protocol needs and nothing else: credentials, cookies, forwarding and identity headers have no way through. */
const PASSED = ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'traceparent', 'tracestate'];
/** Spec 2026-07-28, transports: headers that repeat arguments of a tool; the server checks them against the body. */
const PASSED_PREFIX = 'mcp-param-';

/** `message` is what was checked: a header that repeats nothing of it would be read and judged by nobody but the server. */
export function passedHeaders(
  headers: IncomingHttpHeaders,
  method: string,
  message: Message | undefined,
): Record<string, string> {
  const passed: Record<string, string> = {
    accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
  };
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !(PASSED.includes(name) || name.startsWith(PASSED_PREFIX))) continue;
    if (name === 'mcp-method' && (message?.method ?? '') === '') continue;
    if (name === 'mcp-name' && (message === undefined || nameFieldOf(message) === undefined)) continue;
    passed[name] = value;
  }
  return passed;
}
