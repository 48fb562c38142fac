import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { addressAllowed } from '../access/cidr.js';
import { type Credential, requirePresented, requireWellFormed } from '../access/credential.js';
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

type Finding = (credential: Credential) => Promise<Verified>;

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
   * `find` finds out about a credential that is not known yet; unless given, the strategies do.
   *
   * @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed`, `unavailable`
   */
  async authenticate(resource: string, request: CredentialBearer, find?: Finding): Promise<Principal> {
    return this.admit(resource, requirePresented(request.headers), request, find);
  }

  /** The same for a credential that did not come in a header. */
  async admit(
    resource: string,
    credential: Credential,
    from: Pick<CredentialBearer, 'ip'>,
    find?: Finding,
  ): Promise<Principal> {
    return (await this.admitVerified(resource, credential, from, find)).principal;
  }

  /** The same, with how long the credential may be believed. */
  async admitVerified(
    resource: string,
    credential: Credential,
    from: Pick<CredentialBearer, 'ip'>,
    find?: Finding,
  ): Promise<Verified> {
    return this.known(resource, credential, from) ?? (await this.verify(resource, credential, from, find));
  }

  /**
   * What was found out about a credential before and still holds: there is nothing to wait for. Undefined when it has to
   * be verified.
   *
   * @throws ToolgateError `address_not_allowed`, `unavailable`
   */
  known(resource: string, credential: Credential, from: Pick<CredentialBearer, 'ip'>): Verified | undefined {
    this.revocations.requireFresh();
    const verified = this.cache.get(credential, resource);
    return verified && this.used(verified, from);
  }

  /** Finds out about a credential that is not {@link known}, and keeps it. @throws as {@link authenticate} */
  async verify(
    resource: string,
    credential: Credential,
    from: Pick<CredentialBearer, 'ip'>,
    find: Finding = (one) => this.byStrategy(one, resource),
  ): Promise<Verified> {
    requireWellFormed(credential);
    const mark = this.revocations.mark();
    const verified = await find(credential);
    this.cache.set(credential, verified, mark);
    return this.used(verified, from);
  }

  private used(verified: Verified, from: Pick<CredentialBearer, 'ip'>): Verified {
    const { principal, allowedCidrs } = verified;
    if (allowedCidrs.length > 0 && !addressAllowed(allowedCidrs, from.ip))
      throw new ToolgateError('address_not_allowed');
    if (principal.kind === 'api_key') this.keys.recordUse(principal.keyId);
    return verified;
  }

  private async byStrategy({ kind, value }: Credential, resource: string): Promise<Verified> {
    return kind === 'api_key'
      ? this.apiKeys.verifyFor(value, resource)
      : this.accessTokens.verifyFor(value, resource);
  }
}
