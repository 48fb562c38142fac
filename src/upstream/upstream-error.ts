/** A provider did what a sign-in cannot go on with. The words are for the log: they name no token and no code. */
export class UpstreamError extends Error {
  constructor(
    readonly kind: 'unreachable' | 'refused',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UpstreamError';
  }
}

export const refused = (reason: string, cause?: unknown): UpstreamError =>
  new UpstreamError('refused', reason, { cause });
