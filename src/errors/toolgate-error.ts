import { CATALOGUE, type ErrorCode } from './catalogue.js';

export interface ErrorOptions {
  /** The public sentence, when the catalogue's title is not precise enough. */
  readonly detail?: string;
  /** The precise reason, for the log alone. */
  readonly reason?: string;
  /** Further public members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** All the scopes this operation needs (RFC 6750 section 3.1). */
  readonly scopes?: readonly string[];
  /** Whom it is about, where the caller must not be told: for the audit trail alone. */
  readonly about?: { readonly userId?: string; readonly clientId?: string; readonly sessionId?: string };
  readonly cause?: unknown;
}

/** The one error that carries an answer for the caller. Anything else thrown is a 500. */
export class ToolgateError extends Error {
  readonly status: number;
  constructor(
    readonly code: ErrorCode,
    readonly options: ErrorOptions = {},
  ) {
    super(options.reason ?? options.detail ?? CATALOGUE[code].title, { cause: options.cause });
    this.name = 'ToolgateError';
    this.status = CATALOGUE[code].status;
  }
}
