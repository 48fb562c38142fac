import type { ServerResponse } from 'node:http';
import type { GuardAnswer } from '../guard/resource-guard.js';

/** The reply of Fastify, as far as it is used. */
interface Reply {
  code(status: number): Reply;
  headers(headers: Readonly<Record<string, string>>): Reply;
  send(body: string): unknown;
}

/** Express hands over Node's own response, Fastify a reply. */
export function writeNestAnswer(response: ServerResponse | Reply, answer: GuardAnswer): void {
  const { status, headers, body } = answer;
  if ('code' in response) response.code(status).headers(headers).send(body);
  else response.writeHead(status, headers).end(body);
}
