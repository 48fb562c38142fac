import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const NONCE = 12;
const TAG = 16;

/** The one secret of the service. Each use gets a key of its own (RFC 5869), so none can stand in for another. */
export class MasterKey {
  private readonly sealing: Buffer;
  private readonly succession: Buffer;
  /** For the tokens of forms. */
  readonly forForms: Buffer;
  /** For short codes, which a plain digest would not hide. */
  readonly forShortCodes: Buffer;
  /** For what an MCP client carries from one round of a request to the next. */
  readonly forRequestState: Buffer;

  constructor(key: Buffer) {
    const derive = (use: string) => Buffer.from(hkdfSync('sha256', key, '', `toolgate ${use} v1`, 32));
    this.sealing = derive('sealing');
    this.succession = derive('refresh succession');
    this.forForms = derive('forms');
    this.forShortCodes = derive('short codes');
    this.forRequestState = derive('request state');
  }

  /** AES-256-GCM; `context` is bound in, so that a sealed value cannot be moved to another row. */
  seal(plain: Buffer, context: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.sealing, nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws when the value was sealed under another key or for another context. */
  open(sealed: Buffer, context: string): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.sealing, sealed.subarray(0, NONCE))
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(-TAG));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
  }

  /** For the successor of a refresh token: 256 bits, of which it takes the first 128, that only this key and the presented token can make. */
  successorOf(presented: string): Buffer {
    return createHmac('sha256', this.succession).update(presented).digest();
  }
}
