import type { ServerResponse } from 'node:http';
import { once } from 'node:events';
import { pipeline, type Readable } from 'node:stream';
import { dataOf, event, EventTransform, withData } from './event-stream.js';
import { IdLines } from './event-ids.js';
import type { ListFilter } from './list-filter.js';
import { errorMessage, type RpcId, RpcError, upstreamFailed } from './rpc-error.js';
import type { UpstreamAnswer } from './upstream.js';

/** What must be looked at as a whole: a list, and an event of a stream that may carry lists. */
const LONGEST_FILTERED = 16 * 1024 * 1024;
const HOW_TO_MEND = 'Try again; if it stays, the operator must look after the server behind this guard.';

export interface Writing {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: RpcId;
  /** There when the answer is a list, or may carry one. */
  readonly filter: ListFilter | undefined;
  /** What the ids of events become on their way to this caller. */
  readonly idOfEvent: (id: string) => string;
  /** A caller who takes nothing of its answer for so long is let go of. */
  readonly patienceMs: number;
  /** Nothing but an acknowledgement can come back. */
  readonly acknowledged: boolean;
  readonly gone: AbortSignal;
}

/** Hands an answer of the server behind on to the client, as it comes and no faster than it is read. */
export async function writeAnswer(answer: UpstreamAnswer, writing: Writing): Promise<void> {
  const { response, headers, filter, acknowledged } = writing;
  const type = answer.contentType?.split(';', 1)[0]?.trim().toLowerCase();
  const streams = type === 'text/event-stream' && answer.status === 200;
  if (answer.status < 300 && (acknowledged || answer.status !== 200)) {
    answer.body.on('error', () => undefined).resume();
    response.writeHead(acknowledged ? 202 : answer.status, headers).end();
    return;
  }
  if (!streams && type !== 'application/json') {
    answer.body.on('error', () => undefined).destroy();
    throw answer.status >= 400 && answer.status < 500
      ? new RpcError(answer.status, -32000, `The MCP server behind this guard answered ${answer.status}.`)
      : upstreamFailed(
          `The MCP server behind this guard answered with ${answer.status} and neither JSON nor events. ${HOW_TO_MEND}`,
        );
  }
  if (!streams && filter) {
    const body = JSON.stringify(filter.apply(await wholeJson(answer.body)).message);
    response.writeHead(answer.status, { ...headers, 'Content-Type': 'application/json' }).end(body);
    return;
  }
  response.writeHead(answer.status, {
    ...headers,
    'Content-Type': streams ? 'text/event-stream' : 'application/json',
    ...(streams && { 'X-Accel-Buffering': 'no' }),
  });
  response.flushHeaders();
  await stream(streams ? events(answer.body, writing) : answer.body, streams, writing);
}

async function wholeJson(body: Readable): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > LONGEST_FILTERED) throw new Error('the list is too long');
      parts.push(part);
    }
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : undefined;
    throw upstreamFailed(
      `The MCP server behind this guard gave a list that cannot be read. ${HOW_TO_MEND}`,
      reason,
    );
  }
}

function events(body: Readable, { filter, idOfEvent }: Writing): Readable {
  const shown = filter ? filtered(body, filter) : body;
  return pipeline(shown, new IdLines(idOfEvent), () => undefined);
}

function filtered(body: Readable, filter: ListFilter): Readable {
  const change = (text: string) => {
    const { message, changed } = filter.apply(jsonOrNone(dataOf(text)));
    return changed ? withData(text, JSON.stringify(message)) : text;
  };
  return pipeline(body, new EventTransform(change, LONGEST_FILTERED), () => undefined);
}

/** What is no JSON is no list either: it goes on as it came. */
function jsonOrNone(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function stream(
  source: Readable,
  events: boolean,
  { response, id, gone, patienceMs }: Writing,
): Promise<void> {
  let resumable: boolean | undefined;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (events) resumable ??= /^id:/m.test(chunk.subarray(0, 1024).toString('latin1'));
      if (!response.write(chunk)) await drained(response, gone, patienceMs);
    }
    response.end();
  } catch (cause) {
    if (response.writableNeedDrain || (gone.aborted && !events)) {
      response.destroy();
      return;
    }
    if (gone.aborted) {
      response.end();
      return;
    }
    // A stream with event ids the client can resume; any other answer would never come, and the client would wait for it.
    if (!events || resumable === true || id === null) response.destroy();
    else response.end(`\n\n${event(errorMessage(id, brokenOff(cause)))}`);
  }
}

async function drained(response: ServerResponse, gone: AbortSignal, patienceMs: number): Promise<void> {
  const impatience = new AbortController();
  const timer = setTimeout(() => {
    impatience.abort();
  }, patienceMs);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([gone, impatience.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

const brokenOff = (cause: unknown) =>
  upstreamFailed(
    'The MCP server behind this guard stopped in the middle of its answer. Try again.',
    cause instanceof Error ? cause.message : undefined,
  );
