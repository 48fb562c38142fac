import { Injectable } from '@nestjs/common';
import type { Scope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { signCompact } from '../../tokens/jws.js';
import { KeyRing } from '../../tokens/key-ring.js';

export interface Identity {
  readonly userId: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string | null;
}

/** The claims that the scopes let a client see (OpenID Connect Core section 5.4). */
export function identityClaims({ userId, email, emailVerified, name }: Identity, scopes: readonly Scope[]) {
  return {
    sub: userId,
    ...(scopes.includes('email') && { email, email_verified: emailVerified }),
    ...(scopes.includes('profile') && name !== null && { name }),
  };
}

/** Signs ID tokens (OpenID Connect Core section 2). Their `typ` and `aud` keep them from passing for access tokens. */
@Injectable()
export class IdTokens {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async issue(
    identity: Identity,
    about: { clientId: string; scopes: readonly Scope[]; nonce: string | null; signedInAt: Date },
  ): Promise<string> {
    const key = this.keys.signingKey();
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const claims = {
      ...identityClaims(identity, about.scopes),
      iss: this.config.issuer,
      aud: about.clientId,
      iat: now,
      exp: now + this.config.ACCESS_TOKEN_TTL,
      auth_time: Math.floor(about.signedInAt.getTime() / 1000),
      ...(about.nonce !== null && { nonce: about.nonce }),
    };
    return signCompact(key.headers.JWT, claims, key);
  }
}
