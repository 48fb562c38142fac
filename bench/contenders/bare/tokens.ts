import { createHash, createPrivateKey, createPublicKey, randomUUID, sign, verify } from 'node:crypto';

export interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly client_id: string;
  readonly scope: string;
  readonly exp: number;
  readonly iat: number;
  readonly jti: string;
  readonly sid: string;
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const sha256 = (text: string) => createHash('sha256').update(text).digest();
const LIFE_SECONDS = 900;

/** ES256 and nothing else: one signature to issue, one verification to accept. */
export class BareTokens {
  private readonly privateKey;
  private readonly publicKey;
  private readonly header: string;
  readonly jwks: string;

  constructor(
    pem: string,
    private readonly issuer: string,
  ) {
    const key = createPrivateKey(pem);
    this.privateKey = { key, dsaEncoding: 'ieee-p1363' } as const;
    this.publicKey = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' } as const;
    const jwk = { ...this.publicKey.key.export({ format: 'jwk' }), kid: 'bare', alg: 'ES256', use: 'sig' };
    this.jwks = JSON.stringify({ keys: [jwk] });
    this.header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'bare' });
  }

  issue(sub: string, clientId: string, sid: string, scope: string): string {
    const iat = Math.floor(Date.now() / 1000);
    const { issuer: iss } = this;
    const claims: Claims = {
      iss, sub, aud: `${iss}/mcp`, client_id: clientId, scope, iat, exp: iat + LIFE_SECONDS, jti: randomUUID(), sid,
    }; // prettier-ignore
    const input = `${this.header}.${encode(claims)}`;
    return `${input}.${sign('sha256', Buffer.from(input), this.privateKey).toString('base64url')}`;
  }

  /** Undefined unless it is a living token of ours for `/mcp`. */
  verify(token: string): Claims | undefined {
    const end = token.lastIndexOf('.');
    if (!token.startsWith(`${this.header}.`) || end <= this.header.length) return undefined;
    const input = token.slice(0, end);
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    if (!verify('sha256', Buffer.from(input), this.publicKey, signature)) return undefined;
    const claims = JSON.parse(
      Buffer.from(input.slice(this.header.length + 1), 'base64url').toString(),
    ) as Claims;
    const alive = claims.exp > Date.now() / 1000;
    return alive && claims.iss === this.issuer && claims.aud === `${this.issuer}/mcp` ? claims : undefined;
  }
}
