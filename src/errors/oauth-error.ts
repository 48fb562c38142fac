/** The errors of RFC 6749 (sections 4.1.2.1 and 5.2) and of its extensions that we answer with. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'access_denied'
  | 'server_error'
  | 'temporarily_unavailable'
  // RFC 8707
  | 'invalid_target'
  // RFC 7009
  | 'unsupported_token_type'
  // RFC 7591
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  // RFC 8628
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'
  // OpenID Connect Core
  | 'login_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported';

export interface OAuthErrorOptions {
  /** 400 unless given. */
  readonly status?: 400 | 401 | 403 | 429;
  readonly headers?: Readonly<Record<string, string>>;
  /** The precise reason, for the log alone. */
  readonly reason?: string;
  readonly cause?: unknown;
}

/** An answer of an OAuth endpoint to the client itself: `{error, error_description}` (RFC 6749 section 5.2). */
export class OAuthError extends Error {
  readonly status: number;
  constructor(
    readonly error: OAuthErrorCode,
    readonly description: string,
    readonly options: OAuthErrorOptions = {},
  ) {
    super(options.reason ?? description, { cause: options.cause });
    this.name = 'OAuthError';
    this.status = options.status ?? 400;
  }
}

/** What a person reads when a page cannot go on: what failed, for which client, and how to mend it. */
export class PageError extends Error {
  constructor(
    readonly code: string,
    readonly page: {
      readonly title: string;
      readonly what: string;
      readonly mend: readonly string[];
      readonly client?: string | undefined;
      readonly details?: readonly { readonly name: string; readonly value: string }[];
    },
    readonly status: 400 | 403 | 429 | 500 | 503 = 400,
  ) {
    super(page.what);
    this.name = 'PageError';
  }
}
