import { CHAIN_SLOT, type Load } from '../load/load.js';

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
export const JSON_BODY = { 'Content-Type': 'application/json' };

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
export const basic = (id: string, secret: string) => ({
  Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
export const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

/** The one tool that every MCP server here has: it says who calls. */
const TOOL_CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'whoami', arguments: {} },
});

export function toolCall(path: string, credentials: NonNullable<Load['credentials']>): Load {
  return {
    method: 'POST',
    path,
    headers: {
      ...JSON_BODY,
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-06-18',
    },
    credentials,
    bodies: [TOOL_CALL],
    expect: { status: 200, contains: '"structuredContent"' },
  };
}

export function formPost(path: string, bodies: readonly string[], contains = '"access_token"'): Load {
  return { method: 'POST', path, headers: FORM, bodies, expect: { status: 200, contains } };
}

export function jsonPost(path: string, bodies: readonly string[], status: number, contains: string): Load {
  return { method: 'POST', path, headers: JSON_BODY, bodies, expect: { status, contains } };
}

export const get = (path: string, contains: string): Load => ({
  method: 'GET',
  path,
  headers: {},
  expect: { status: 200, contains },
});

/** A refresh by a public client, with the token of the connection's chain. */
export const refreshGrantBody = (clientId: string, token: string = CHAIN_SLOT) =>
  `grant_type=refresh_token&client_id=${clientId}&refresh_token=${token}`;

export async function call(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** @throws Error with the answer, when it is not a success. */
export async function mustCall<Answer>(...request: Parameters<typeof call>): Promise<Answer> {
  const { status, text } = await call(...request);
  if (status >= 300) throw new Error(`${request[1]} ${request[2]} answered ${status}: ${text.slice(0, 500)}`);
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}
