import { Injectable } from '@nestjs/common';
import type { Principal } from '../../access/principal.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { signCompact } from '../../tokens/jws.js';
import { KeyRing } from '../../tokens/key-ring.js';
import { assertionClaims, ASSERTION_HEADER, identityOf } from '../identity.js';

/** Tells the server behind a proxy who calls: in words, and in an assertion that it can check by our JWKS. */
@Injectable()
export class IdentityHeaders {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Always all of them: a proxy that sets those it was given leaves none of the caller's own in place. */
  async of(principal: Principal): Promise<Record<string, string>> {
    const { sub, kind, scope, client_id: client = '' } = identityOf(principal);
    return {
      'x-toolgate-subject': sub,
      'x-toolgate-kind': kind,
      'x-toolgate-client': client,
      'x-toolgate-scopes': scope,
      [ASSERTION_HEADER]: await this.assertion(principal),
    };
  }

  private async assertion(principal: Principal): Promise<string> {
    const key = this.keys.signingKey();
    const { issuer } = this.config;
    const claims = assertionClaims(principal, {
      issuer,
      audience: principal.resource,
      now: this.clock.now(),
    });
    return signCompact(key.headers['toolgate-guard+jwt'], claims, key);
  }
}
