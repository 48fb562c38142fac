import { headersFor } from '../ops/answer-headers.js';
import type { LaneRequest } from './lane-request.js';

/** A whole answer: name after value, all headers but the request's id and the length. */
export interface LaneAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

export type LaneWork = () => Promise<LaneAnswer>;

/** A POST that the lane may answer. */
export interface LaneRoute {
  readonly path: string;
  /** The one Content-Type, as most clients write it. */
  readonly contentType: 'application/json' | 'application/x-www-form-urlencoded';
  /**
   * The work that a body asks for, or undefined for the framework to have the request: nothing may have happened then.
   * What the work throws is answered like anywhere else.
   */
  prepare(text: string, request: LaneRequest): LaneWork | undefined;
}

/** A 200 with an object, as the framework sends it from a controller of this path with these `@Header`s. */
export function jsonAnswer(path: string, headers: readonly string[]): (value: object) => LaneAnswer {
  const all = [...headersFor(path), ...headers, 'content-type', 'application/json; charset=utf-8'];
  return (value) => ({ status: 200, headers: all, body: JSON.stringify(value) });
}

/** Undefined for what is no JSON, which is never a body that a route of the lane takes. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
