import type { Scope } from '../access/scopes.js';
import type { ResourceMetadata } from './resource-guard.js';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export interface DescribedResource {
  readonly issuer: string;
  readonly resource: string;
  readonly scopes?: readonly Scope[];
  readonly resourceName?: string;
  readonly resourceDocumentation?: string;
}

/** RFC 9728 section 2. */
export function metadataOf(described: DescribedResource): ResourceMetadata {
  const { resourceName, resourceDocumentation } = described;
  return {
    resource: described.resource,
    authorization_servers: [described.issuer],
    scopes_supported: described.scopes ?? [],
    bearer_methods_supported: ['header'],
    ...(resourceName !== undefined && { resource_name: resourceName }),
    ...(resourceDocumentation !== undefined && { resource_documentation: resourceDocumentation }),
  };
}

/** RFC 9728 section 3.1: the path of the resource inserted first, as the challenge names it; then the root (spec R2). */
export function metadataPathsOf(resource: string): [string, ...string[]] {
  const { pathname } = new URL(resource);
  return pathname === '/' ? [WELL_KNOWN] : [`${WELL_KNOWN}${pathname}`, WELL_KNOWN];
}

/** Where the document is, for a challenge: a query of the resource stays behind the path (RFC 9728 section 3.1). */
export function metadataUrlOf(resource: string): string {
  const { origin, search } = new URL(resource);
  return origin + metadataPathsOf(resource)[0] + search;
}

/** The document as it is served: to pages of any origin, for no cookie counts here. */
export function metadataAnswer(metadata: ResourceMetadata) {
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'public, max-age=300',
      'Access-Control-Allow-Origin': '*',
    },
    body: JSON.stringify(metadata),
  };
}
