import { createPrivateKey, createPublicKey } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, type JWK } from 'jose';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { MasterKey } from '../crypto/master-key.js';
import { headerSegment, type JwsKey, type JwsType, suits } from './jws.js';
import { SigningKeysRepository, type StoredKey } from './signing-keys.repository.js';

/** The active key, with the first segment of each type of token that it signs. */
interface SigningKey extends JwsKey {
  readonly headers: Readonly<Record<JwsType, string>>;
}

const RELOAD_MS = 5000;
/** An unknown kid may be a new key of another replica, or an attacker's: looked up at most this often. */
const LOOKUP_MS = 1000;

/** The signing keys as this process knows them, read again every few seconds so that a rotation needs no restart. */
@Injectable()
export class KeyRing implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger(KeyRing.name);
  /** By the first segment of the access tokens that each signs. */
  private verification = new Map<string, JwsKey>();
  private published: JWK[] = [];
  private signing: SigningKey | undefined;
  private loadedAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: SigningKeysRepository,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.replenish();
    this.timer = setInterval(() => {
      this.load().catch((error: unknown) => {
        this.log.warn(`signing keys could not be read again: ${String(error)}`);
      });
    }, RELOAD_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** The public keys, for `/.well-known/jwks.json`: next, active and retired (RFC 7517). */
  jwks(): { keys: JWK[] } {
    return { keys: this.published };
  }

  signingKey(): SigningKey {
    if (!this.signing) throw new Error('there is no active signing key');
    return this.signing;
  }

  /**
   * The key of the access tokens that begin with `header`, which must be the very bytes that we write for that key: so its
   * `alg`, `typ` and `kid` are checked in one, and a header that says more (`crit`, `jku`, `jwk`) is not ours.
   */
  async verificationKey(header: string): Promise<JwsKey | undefined> {
    const known = this.verification.get(header);
    if (known || Date.now() - this.loadedAt < LOOKUP_MS) return known;
    await this.load();
    return this.verification.get(header);
  }

  /** Whether a key of ours still writes this first segment. */
  knows(header: string): boolean {
    return this.verification.has(header);
  }

  /** The active key retires, the next one signs, and a new next is published. */
  async rotate(): Promise<void> {
    await this.load();
    const now = this.clock.now();
    await this.repository.retire(this.signingKey().kid, now);
    const longestToken = this.config.ACCESS_TOKEN_TTL * 1000;
    await this.repository.removeRetiredBefore(new Date(now.getTime() - 2 * longestToken));
    await this.replenish();
  }

  /** Makes sure of one active and one next key, and loads them. Also mends a rotation that was cut off half-way. */
  private async replenish(): Promise<void> {
    await this.repository.activateNext();
    for (const state of ['active', 'next'] as const) {
      const stored = await this.repository.all();
      if (!stored.some((key) => key.state === state)) {
        await this.repository.insert(await this.generate(state), this.clock.now());
      }
    }
    await this.load();
  }

  private async generate(state: StoredKey['state']): Promise<StoredKey> {
    const algorithm = this.config.SIGNING_ALGORITHM;
    const pair = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    return {
      kid,
      algorithm,
      state,
      publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' },
      sealedPrivateKey: this.masterKey.seal(Buffer.from(await exportPKCS8(pair.privateKey)), kid),
    };
  }

  private async load(): Promise<void> {
    this.loadedAt = Date.now();
    const stored = await this.repository.all();
    const verification = new Map<string, JwsKey>();
    for (const one of stored) {
      const header = headerSegment(one, 'at+jwt');
      verification.set(header, this.verification.get(header) ?? publicKey(one));
    }
    const active = stored.find((key) => key.state === 'active');
    if (active && active.kid !== this.signing?.kid) this.signing = this.unseal(active);
    this.verification = verification;
    this.published = stored.map((key) => key.publicJwk);
  }

  private unseal({ kid, algorithm, sealedPrivateKey }: StoredKey): SigningKey {
    let pem: string;
    try {
      pem = this.masterKey.open(sealedPrivateKey, kid).toString();
    } catch (cause) {
      throw new Error(
        'MASTER_KEY is not the one that sealed the signing keys in this database. Restore the old key.',
        { cause },
      );
    }
    const signer = requireSuitable({ kid, algorithm, key: createPrivateKey(pem) });
    const headers = {
      'at+jwt': headerSegment(signer, 'at+jwt'),
      JWT: headerSegment(signer, 'JWT'),
      'toolgate-guard+jwt': headerSegment(signer, 'toolgate-guard+jwt'),
    };
    return { ...signer, headers };
  }
}

const publicKey = ({ kid, algorithm, publicJwk }: StoredKey): JwsKey =>
  requireSuitable({ kid, algorithm, key: createPublicKey({ key: publicJwk, format: 'jwk' }) });

function requireSuitable(key: JwsKey): JwsKey {
  if (suits(key.algorithm, key.key)) return key;
  throw new Error(`the signing key ${key.kid} is no key for ${key.algorithm}`);
}
