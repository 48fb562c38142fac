import { textTooDeep } from '../access/nesting.js';
import { headersFor } from '../ops/answer-headers.js';
import type { LaneRequest } from './lane-request.js';

/** An answer without what the route and the lane add to each: names and values of headers in turn. */
export interface LaneAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

export type LaneWork = () => Promise<LaneAnswer>;

/** What the lane may answer: one method of a path. */
export interface LaneRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The one Content-Type, as most clients write it. Undefined: a request without a body. */
  readonly contentType: 'application/json' | 'application/x-www-form-urlencoded' | undefined;
  /** What each of its answers carries, errors as well: in lower case, names and values in turn. */
  readonly headers: readonly string[];
  /**
   * The work that a body asks for, or undefined for the framework to have the request: nothing may have happened then.
   * What the work throws is answered like anywhere else.
   */
  prepare(text: string, request: LaneRequest): LaneWork | undefined;
}

const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'];

/** A 200 with this text of JSON, as the framework sends it, and headers of its own. */
export const jsonAnswer = (body: string, headers: readonly string[] = []): LaneAnswer => ({
  status: 200,
  headers: headers.length > 0 ? [...headers, ...JSON_TYPE] : JSON_TYPE,
  body,
});

/** What the framework puts on every answer of a path, and what the controller adds by `@Header`. */
export const headersOf = (path: string, ...more: string[]): readonly string[] => [
  ...headersFor(path),
  ...more,
];

/** Undefined for what is no JSON, or nested too deeply, which is never a body that a route of the lane takes. */
export function parsedJson(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return textTooDeep(text, value) ? undefined : value;
  } catch {
    return undefined;
  }
}
