import { addressAllowed } from '../../access/cidr.js';
import { credentialOf } from '../../access/credential.js';
import type { Principal } from '../../access/principal.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import type { GuardedRequest } from '../../guard/resource-guard.js';
import type { ApiKeyStrategy } from '../../auth/api-key.strategy.js';
import { revocableIds } from '../../auth/verified-cache.js';
import type { AccessTokens } from '../../tokens/access-tokens.js';
import type { Revocations } from '../../tokens/revocations.js';

/** Who calls another resource than the built-in one, by the rules of the service in this process. */
export class ServiceAuthentication {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly apiKeys: ApiKeyStrategy,
    private readonly revocations: Revocations,
  ) {}

  /** @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed`, `unavailable` */
  async authenticate(resource: string, { headers, address }: GuardedRequest): Promise<Principal> {
    const credential = credentialOf(headers);
    if (!credential) throw new ToolgateError('missing_credential');
    this.revocations.requireFresh();
    if (credential.kind === 'api_key') {
      const { principal, allowedCidrs } = await this.apiKeys.validate(credential.value);
      if (principal.resource !== resource)
        throw new ToolgateError('invalid_api_key', { reason: 'a key for another resource' });
      if (!addressAllowed(allowedCidrs, address)) throw new ToolgateError('address_not_allowed');
      return principal;
    }
    const { principal } = await this.tokens.verify(credential.value, resource);
    if (this.revocations.hasEnded(revocableIds(principal))) throw new ToolgateError('revoked_token');
    return this.revocations.cut(principal);
  }
}
