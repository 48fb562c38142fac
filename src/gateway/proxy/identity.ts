import { createECDH, createHash, createPrivateKey, hkdfSync, type KeyObject } from 'node:crypto';
import { type JWK, SignJWT } from 'jose';
import type { Principal } from '../../access/principal.js';
import { formatScope } from '../../access/scopes.js';

export const ASSERTION_HEADER = 'x-toolgate-assertion';
const TYPE = 'toolgate-guard+jwt';
const LIFE_S = 60;
/** The order of P-256 (SEC 2 section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Who a session belongs to: a person or an agent, through one client. Not the token, which is soon another. */
export function ownerOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
      return `user ${principal.userId} ${principal.clientId} ${principal.actor ?? ''}`;
    case 'api_key':
      return `api_key ${principal.keyId}`;
    case 'client':
      return `client ${principal.clientId}`;
  }
}

/** What the server behind may know of a caller. Nothing in it can be used anywhere else. */
export function identityOf(principal: Principal): Record<string, string> & { sub: string } {
  const common = { kind: principal.kind, scope: formatScope(principal.scopes) };
  switch (principal.kind) {
    case 'user': {
      const actor = principal.actor === undefined ? {} : { actor: principal.actor };
      return { ...common, sub: principal.userId, client_id: principal.clientId, ...actor };
    }
    case 'api_key':
      return { ...common, sub: principal.userId, key_id: principal.keyId };
    case 'client':
      return { ...common, sub: principal.clientId, client_id: principal.clientId };
  }
}

/**
 * A private key that every replica makes for itself from the one secret: nothing is stored, and a restart changes nothing.
 * 64 bits more than the order has, so that the remainder favours none (FIPS 186-5, A.2.1).
 */
function derivedKey(secret: Buffer): { privateKey: KeyObject; publicJwk: JWK } {
  const bits = Buffer.from(hkdfSync('sha256', secret, '', 'toolgate guard assertions v1', 40)).toString(
    'hex',
  );
  const scalar = (BigInt(`0x${bits}`) % (ORDER - 1n)) + 1n;
  const curve = createECDH('prime256v1');
  const bytes = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  curve.setPrivateKey(bytes);
  const point = curve.getPublicKey();
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  const d = bytes.toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x, y };
  // RFC 7638.
  const kid = createHash('sha256')
    .update(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`)
    .digest('base64url');
  return {
    privateKey: createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }),
    publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' },
  };
}

/** Tells the server behind who calls, in a way that it can check and that nobody else can make. */
export class IdentityAssertions {
  private readonly key: ReturnType<typeof derivedKey>;

  constructor(
    secret: Buffer,
    /** The guard itself: the resource that it stands for. */
    private readonly issuer: string,
    private readonly audience: string,
  ) {
    this.key = derivedKey(secret);
  }

  jwks(): { keys: JWK[] } {
    return { keys: [this.key.publicJwk] };
  }

  async sign(principal: Principal): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      ...identityOf(principal),
      iss: this.issuer,
      aud: this.audience,
      iat: now,
      exp: now + LIFE_S,
    })
      .setProtectedHeader({ alg: 'ES256', typ: TYPE, kid: this.key.publicJwk.kid ?? '' })
      .sign(this.key.privateKey);
  }
}
