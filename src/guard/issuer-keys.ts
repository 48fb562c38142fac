import { setTimeout } from 'node:timers/promises';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { type IssuerClient, unavailable } from './issuer-client.js';

/** Read again beside the requests after this long ... */
const FRESH_MS = 300_000;
/** ... and before the next request after this long, so that a key taken away after a theft is not believed for long. */
const STALE_MS = 900_000;
/** An unknown kid may be a new key, or an attacker's: the issuer is asked at most this often. */
const COOLDOWN_MS = 1000;

const KeySet = z.object({ keys: z.array(z.looseObject({ kid: z.string().optional() })).max(100) });

export interface IssuerKey {
  readonly algorithm: string;
  readonly key: CryptoKey | Uint8Array;
}

/** RFC 8725 section 3.1: a key is for one algorithm, its `alg`, or the only one it can be for. */
function algorithmOf({ alg, kty, crv }: JWK): string | undefined {
  if (alg !== undefined) return alg;
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  return kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : undefined;
}

/**
 * The public keys of an issuer. They are read again in time, when an unknown kid comes, and never thrown away because the
 * issuer does not answer.
 */
export class IssuerKeys {
  private keys: ReadonlyMap<string, IssuerKey> | undefined;
  private readAt = 0;
  private askedAt = 0;
  private coming: Promise<void> | undefined;

  constructor(private readonly client: IssuerClient) {}

  /** @throws ToolgateError `unavailable` when no key was ever read, or an unknown one cannot be looked up. */
  async find(kid: string): Promise<IssuerKey | undefined> {
    const began = Date.now();
    const age = began - this.readAt;
    if (!this.keys) await this.refresh();
    else if (age > STALE_MS) await this.refresh().catch(() => undefined);
    else if (age > FRESH_MS) this.refresh().catch(() => undefined);
    const known = this.keys?.get(kid);
    if (known || this.readAt >= began) return known;
    await this.refresh();
    return this.keys?.get(kid);
  }

  /** All who wait share one question. It is put off, not refused, when the last one was a moment ago. */
  private refresh(): Promise<void> {
    const wait = Math.max(0, this.askedAt + COOLDOWN_MS - Date.now());
    this.coming ??= setTimeout(wait)
      .then(() => this.read())
      .finally(() => {
        this.coming = undefined;
      });
    return this.coming;
  }

  private async read(): Promise<void> {
    this.askedAt = Date.now();
    const { jwks_uri } = await this.client.metadata();
    const parsed = KeySet.safeParse(await this.client.json(jwks_uri));
    if (!parsed.success) throw unavailable('the key set of the issuer is not usable');
    const keys = new Map<string, IssuerKey>();
    for (const jwk of parsed.data.keys as JWK[]) {
      const algorithm = algorithmOf(jwk);
      if (jwk.kid === undefined || algorithm === undefined || (jwk.use ?? 'sig') !== 'sig') continue;
      // A kind of key that this Node does not know is not for us.
      const key = await importJWK(jwk, algorithm).catch(() => undefined);
      if (key) keys.set(jwk.kid, { algorithm, key });
    }
    if (keys.size === 0) throw unavailable('the issuer publishes no usable key');
    this.keys = keys;
    this.readAt = Date.now();
  }
}
