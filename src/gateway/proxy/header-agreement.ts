import type { IncomingHttpHeaders } from 'node:http';
import type { Message } from './message.js';
import { headerMismatch } from './rpc-error.js';

/** Spec 2026-07-28, transports: what `Mcp-Name` repeats, by method. */
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

function decoded(value: string): string {
  const encoded = ENCODED.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString('utf8');
}

/** Which of the parameters `Mcp-Name` repeats, if any. */
export const nameFieldOf = ({ method }: Message): string | undefined =>
  Object.hasOwn(NAMED, method) ? NAMED[method] : undefined;

/**
 * The headers of 2026-07-28 say what the body says. A request of that revision must have them; an older one need not, but
 * must not contradict itself either: what reads headers and what reads bodies must see the same call.
 *
 * @throws RpcError -32020
 */
export function requireAgreement(headers: IncomingHttpHeaders, message: Message): void {
  if (message.kind === 'response') return;
  const field = nameFieldOf(message);
  const name = field === undefined ? undefined : message.params[field];
  const said = {
    version: headers['mcp-protocol-version'],
    method: headers['mcp-method'],
    name: headers['mcp-name'],
  };
  const modern = message.revision !== undefined && message.kind === 'request';
  const differs = (header: string | string[] | undefined, body: unknown) =>
    header === undefined
      ? modern && body !== undefined
      : typeof header !== 'string' || decoded(header) !== body;

  if (message.revision !== undefined && differs(said.version, message.revision))
    throw headerMismatch('MCP-Protocol-Version must be the protocol version of the body.');
  if (differs(said.method, message.method))
    throw headerMismatch('Mcp-Method must be the method of the body.');
  if (field !== undefined && differs(said.name, name))
    throw headerMismatch(`Mcp-Name must be \`params.${field}\` of the body.`);
}
