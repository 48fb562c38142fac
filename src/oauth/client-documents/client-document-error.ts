/**
 * `client_id`: the URL is no name for a document. `unreachable`: nothing usable came from it. `invalid`: what came breaks
 * a rule that the message names.
 */
export type ClientDocumentReason = 'client_id' | 'unreachable' | 'invalid';

/** A client cannot be known by its metadata document. The message is for the client's developer; `cause` is for the log. */
export class ClientDocumentError extends Error {
  constructor(
    readonly reason: ClientDocumentReason,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ClientDocumentError';
  }
}
