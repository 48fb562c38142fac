import { Injectable } from '@nestjs/common';
import { formatScope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { KeysService } from '../../keys/keys.service.js';

/** RFC 7662 section 2.2, with what of a key its resource server must know besides. */
export interface LivingKey {
  readonly active: true;
  readonly scope: string;
  readonly sub: string;
  readonly aud: string;
  readonly iss: string;
  readonly token_type: 'Bearer';
  readonly iat: number;
  readonly exp?: number;
  readonly key_id: string;
  /** Where it may be used from, for the resource server to check; empty means anywhere. */
  readonly allowed_cidrs: readonly string[];
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);

/** API keys, for the resource servers that they are made for. No client owns a key, so nobody else learns anything. */
@Injectable()
export class KeyIntrospection {
  constructor(
    private readonly keys: KeysService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** The living key behind a string, if it is for one of the resources served. Counts as a use of it. */
  async find(presented: string, serves: readonly string[]): Promise<LivingKey | undefined> {
    try {
      const { principal, issuedAt, expiresAt, allowedCidrs } = await this.keys.verify(presented, null);
      const { userId, keyId, resource, scopes } = principal;
      if (!serves.includes(resource)) return undefined;
      this.keys.recordUse(keyId);
      return {
        active: true,
        scope: formatScope(scopes),
        sub: userId,
        aud: resource,
        iss: this.config.issuer,
        token_type: 'Bearer',
        iat: seconds(issuedAt),
        ...(expiresAt && { exp: seconds(expiresAt) }),
        key_id: keyId,
        allowed_cidrs: allowedCidrs,
      };
    } catch (error) {
      if (error instanceof ToolgateError && error.status === 401) return undefined;
      throw error;
    }
  }
}
