import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { addressAllowed } from '../access/cidr.js';
import { type Credential, credentialOf } from '../access/credential.js';
import type { Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { KeysService } from '../keys/keys.service.js';
import { Revocations } from '../tokens/revocations.js';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import type { Verified } from './verified.js';
import { VerifiedCache } from './verified-cache.js';

/** A request as far as authentication looks at it. `ip` is asked for only where a key is bound to networks. */
export interface CredentialBearer {
  readonly headers: IncomingHttpHeaders;
  readonly ip: string;
}

/** Who calls a resource: the one set of rules for the service itself and for every server that it stands before. */
@Injectable()
export class ResourceAuthentication {
  constructor(
    private readonly cache: VerifiedCache,
    private readonly revocations: Revocations,
    private readonly keys: KeysService,
    private readonly accessTokens: AccessTokenStrategy,
    private readonly apiKeys: ApiKeyStrategy,
  ) {}

  /**
   * `verify` finds out about a credential that is not known yet; unless given, the strategies do.
   *
   * @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed`, `unavailable`
   */
  async authenticate(
    resource: string,
    request: CredentialBearer,
    verify = async (credential: Credential) => this.verify(credential, resource),
  ): Promise<Principal> {
    const credential = credentialOf(request.headers);
    if (!credential) throw new ToolgateError('missing_credential');
    return this.admit(resource, credential, request, verify);
  }

  /** The same for a credential that did not come in a header. */
  async admit(
    resource: string,
    credential: Credential,
    from: Pick<CredentialBearer, 'ip'>,
    verify = async (one: Credential) => this.verify(one, resource),
  ): Promise<Principal> {
    return (await this.admitVerified(resource, credential, from, verify)).principal;
  }

  /** The same, with how long the credential may be believed. */
  async admitVerified(
    resource: string,
    credential: Credential,
    from: Pick<CredentialBearer, 'ip'>,
    verify = async (one: Credential) => this.verify(one, resource),
  ): Promise<Verified> {
    this.revocations.requireFresh();
    let verified = this.cache.get(credential, resource);
    if (!verified) {
      const mark = this.revocations.mark();
      verified = await verify(credential);
      this.cache.set(credential, verified, mark);
    }
    const { principal, allowedCidrs } = verified;
    if (allowedCidrs.length > 0 && !addressAllowed(allowedCidrs, from.ip))
      throw new ToolgateError('address_not_allowed');
    if (principal.kind === 'api_key') this.keys.recordUse(principal.keyId);
    return verified;
  }

  private async verify({ kind, value }: Credential, resource: string): Promise<Verified> {
    return kind === 'api_key'
      ? this.apiKeys.verifyFor(value, resource)
      : this.accessTokens.verifyFor(value, resource);
  }
}
