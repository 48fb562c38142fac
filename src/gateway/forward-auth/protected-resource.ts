import { formatScope, parseScope, type Scope } from '../../access/scopes.js';
import type { ChallengeContext } from '../../errors/challenge.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { metadataUrlOf } from '../../guard/metadata.js';
import { canonicalResource, type Resource } from '../../resources/resource.js';
import type { ResourcesRepository } from '../../resources/resources.repository.js';

/** What a proxy asks, in its operator's words. */
export interface Question {
  readonly resource: unknown;
  readonly scope: unknown;
}

/** What a client needs that was refused there. */
export function challengeContextOf(resource: Resource, needed: readonly Scope[]): ChallengeContext {
  const defaultScope = formatScope(needed.length > 0 ? needed : resource.defaultScopes);
  return { resourceMetadataUrl: metadataUrlOf(resource.identifier), defaultScope };
}

/** In words as well, for these answers have no room for a list of fields. */
const setUpWrong = (name: string, detail: string) =>
  new ToolgateError('invalid_input', {
    detail: `${name} ${detail}.`,
    members: { errors: [{ pointer: `/${name}`, detail }] },
  });

/** @throws ToolgateError `invalid_input`: a proxy that is set up wrong. */
export async function requireResource(resources: ResourcesRepository, named: unknown): Promise<Resource> {
  const identifier = typeof named === 'string' ? canonicalResource(named) : undefined;
  const resource = identifier === undefined ? undefined : await resources.findRecent(identifier);
  if (resource) return resource;
  throw setUpWrong('resource', 'must name one resource that is known here');
}

/**
 * Not asked for, no scope is needed. Asked for and empty, a variable of the proxy was not set, and that must not open a door.
 *
 * @throws ToolgateError `invalid_input`
 */
export function requireScope(text: unknown): Scope[] {
  if (text === undefined) return [];
  const scopes = typeof text === 'string' ? parseScope(text) : undefined;
  if (scopes && scopes.length > 0) return scopes;
  throw setUpWrong('scope', 'must be scopes separated by spaces');
}
