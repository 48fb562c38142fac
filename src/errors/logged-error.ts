/** A database error also carries the row and the JSON it was about, which are the caller's own words. */
export function loggedError(error: unknown): object {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'something that is no error was thrown' };
  const { name, message, stack } = error;
  const code: unknown = (error as { code?: unknown }).code;
  return { type: name, message, stack, ...(typeof code === 'string' && { code }) };
}
