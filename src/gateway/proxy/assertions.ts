import { createECDH, createHash, createPrivateKey, hkdfSync } from 'node:crypto';
import type { JWK } from 'jose';
import type { Principal } from '../../access/principal.js';
import { headerSegment, type JwsKey, signCompact } from '../../tokens/jws.js';
import { assertionClaims } from '../identity.js';

/** The order of P-256 (SEC 2 section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * A private key that every replica makes for itself from the one secret: nothing is stored, and a restart changes nothing.
 * 64 bits more than the order has, so that the remainder favours none (FIPS 186-5, A.2.1).
 */
function derivedKey(secret: Buffer): { signer: JwsKey; publicJwk: JWK } {
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
    signer: { kid, algorithm: 'ES256', key: createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }) },
    publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' },
  };
}

/** Tells the server behind who calls, in a way that it can check and that nobody else can make. */
export class IdentityAssertions {
  private readonly signer: JwsKey;
  private readonly header: string;
  private readonly publicJwk: JWK;

  constructor(
    secret: Buffer,
    /** The guard itself: the resource that it stands for. */
    private readonly issuer: string,
    private readonly audience: string,
  ) {
    ({ signer: this.signer, publicJwk: this.publicJwk } = derivedKey(secret));
    this.header = headerSegment(this.signer, 'toolgate-guard+jwt');
  }

  jwks(): { keys: JWK[] } {
    return { keys: [this.publicJwk] };
  }

  async sign(principal: Principal): Promise<string> {
    const { issuer, audience } = this;
    const claims = assertionClaims(principal, { issuer, audience, now: new Date() });
    return signCompact(this.header, claims, this.signer);
  }
}
