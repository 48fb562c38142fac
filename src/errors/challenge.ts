import type { ToolgateError } from './toolgate-error.js';

/** What a challenge must name (RFC 6750 section 3, RFC 9728 section 5.1). */
export interface ChallengeContext {
  readonly resourceMetadataUrl: string;
  /** What a client without a token should ask for. */
  readonly defaultScope: string;
}

/** RFC 6750 section 3: what may stand inside a quoted attribute. */
const quotable = (text: string) => text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");

/**
 * The `WWW-Authenticate` value of a 401 or 403, undefined for any other status. Each attribute stands once (spec R13),
 * and without a credential there is no `error` (spec R12).
 */
export function challenge(
  error: ToolgateError,
  description: string,
  context: ChallengeContext,
): string | undefined {
  const attributes: Record<string, string> = { resource_metadata: context.resourceMetadataUrl };
  if (error.status === 401) {
    if (context.defaultScope !== '') attributes['scope'] = context.defaultScope;
    if (error.code !== 'missing_credential') attributes['error'] = 'invalid_token';
  } else if (error.code === 'insufficient_scope') {
    attributes['scope'] = (error.options.scopes ?? []).join(' ');
    attributes['error'] = 'insufficient_scope';
  } else {
    return undefined;
  }
  if ('error' in attributes) attributes['error_description'] = description;
  return `Bearer ${Object.entries(attributes)
    .map(([name, value]) => `${name}="${quotable(value)}"`)
    .join(', ')}`;
}
