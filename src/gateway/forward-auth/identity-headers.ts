import { Injectable } from '@nestjs/common';
import type { Principal } from '../../access/principal.js';
import { formatScope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { signCompact } from '../../tokens/jws.js';
import { KeyRing } from '../../tokens/key-ring.js';

const ASSERTION_LIFE_S = 60;

/** What a caller is known by behind a proxy. Each one is in every answer, so that none of the caller's own survives. */
export const IDENTITY_HEADERS = [
  'X-Toolgate-Subject',
  'X-Toolgate-Kind',
  'X-Toolgate-Client',
  'X-Toolgate-Scopes',
  'X-Toolgate-Assertion',
] as const;

type IdentityHeader = (typeof IDENTITY_HEADERS)[number];

const subjectOf = (principal: Principal): string =>
  principal.kind === 'client' ? principal.clientId : principal.userId;
const clientOf = (principal: Principal): string => (principal.kind === 'api_key' ? '' : principal.clientId);

/** Tells the server behind a proxy who calls: in words, and in an assertion that it can check by our JWKS. */
@Injectable()
export class IdentityHeaders {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async of(principal: Principal): Promise<Record<IdentityHeader, string>> {
    return {
      'X-Toolgate-Subject': subjectOf(principal),
      'X-Toolgate-Kind': principal.kind,
      'X-Toolgate-Client': clientOf(principal),
      'X-Toolgate-Scopes': formatScope(principal.scopes),
      'X-Toolgate-Assertion': await this.assertion(principal),
    };
  }

  /** Its `typ` keeps it from passing for an access token, though it has the same issuer and audience (RFC 8725 section 3.11). */
  private async assertion(principal: Principal): Promise<string> {
    const key = this.keys.signingKey();
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const claims = {
      iss: this.config.issuer,
      aud: principal.resource,
      sub: subjectOf(principal),
      kind: principal.kind,
      scope: formatScope(principal.scopes),
      ...(principal.kind === 'api_key' ? { key_id: principal.keyId } : { client_id: principal.clientId }),
      ...(principal.kind === 'user' && principal.actor !== undefined && { actor: principal.actor }),
      iat: now,
      exp: now + ASSERTION_LIFE_S,
    };
    return signCompact(key.headers['toolgate-guard+jwt'], claims, key);
  }
}
