import { parseScope, type Scope } from '../../access/scopes.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { canonicalResource } from '../../resources/resource.js';
import type { Parameters } from '../parameters.js';

const LONGEST_SCOPE = 8192;

/**
 * The scopes asked for; undefined when none were.
 *
 * @throws OAuthError `invalid_scope`
 */
export function scopeParameter(parameters: Parameters): Scope[] | undefined {
  const text = parameters.get('scope');
  if (text === undefined) return undefined;
  const scopes = text.length <= LONGEST_SCOPE ? parseScope(text) : undefined;
  if (!scopes)
    throw new OAuthError('invalid_scope', 'scope is too long or has a character that is not allowed.');
  return scopes.length > 0 ? scopes : undefined;
}

/**
 * The resource asked for (RFC 8707 section 2), in its one spelling; undefined when none was.
 *
 * @throws OAuthError `invalid_target`
 */
export function resourceParameter(parameters: Parameters): string | undefined {
  const text = parameters.get('resource');
  if (text === undefined) return undefined;
  const resource = canonicalResource(text);
  if (resource === undefined)
    throw new OAuthError('invalid_target', 'resource is not an absolute http(s) URI.');
  return resource;
}
