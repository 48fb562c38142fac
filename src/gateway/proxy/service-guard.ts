import type { Principal } from '../../access/principal.js';
import type { ScopeRules } from '../../access/scope-rules.js';
import { formatScope, type Scope } from '../../access/scopes.js';
import { toToolgateError } from '../../errors/from-unknown.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { bearerAnswer } from '../../guard/answer.js';
import { metadataOf, metadataPathsOf, metadataUrlOf } from '../../guard/metadata.js';
import type { GuardedRequest, ResourceGuard } from '../../guard/resource-guard.js';

export interface ServiceGuardOptions {
  readonly issuer: string;
  readonly resource: string;
  readonly resourceName: string;
  readonly scopes: readonly Scope[];
  readonly rules: ScopeRules;
  /** The service's own strategies, for any resource. */
  authenticate(request: GuardedRequest): Promise<Principal>;
  onFailure(error: ToolgateError): void;
}

/** A guard in the process of the service itself: it asks the strategies and the revocations that the service has. */
export function createServiceGuard(options: ServiceGuardOptions): ResourceGuard {
  const metadata = metadataOf(options);
  const metadataPaths = metadataPathsOf(options.resource);
  const context = {
    issuer: options.issuer,
    resourceMetadataUrl: metadataUrlOf(options.resource),
    defaultScope: formatScope(options.scopes),
  };
  const allows: ResourceGuard['allows'] = ({ scopes }, needed) =>
    options.rules.missing(scopes, needed).length === 0;
  return {
    resource: options.resource,
    metadata,
    metadataPaths,
    authenticate: (request) => options.authenticate(request),
    allows,
    requireScopes(principal, needed, detail) {
      if (!allows(principal, needed))
        throw new ToolgateError('insufficient_scope', {
          scopes: needed,
          ...(detail !== undefined && { detail }),
        });
    },
    answerFor(thrown) {
      const error = toToolgateError(thrown);
      if (error.status >= 500) options.onFailure(error);
      return bearerAnswer(error, context);
    },
  };
}
