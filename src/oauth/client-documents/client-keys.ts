import { createLocalJWKSet, errors, type JSONWebKeySet, type LocalJWKSet } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../crypto/clock.js';
import type { Outbound } from '../../outbound/outbound.js';
import { freshUntil } from './cache-life.js';
import { ClientDocumentError } from './client-document-error.js';
import { parsePublicKeys } from './public-keys.js';
import { SharedFetches } from './shared-fetches.js';

const LARGEST_SET = 64 * 1024;
const ACCEPT = 'application/jwk-set+json, application/json';
const MOST_SETS = 1000;
/** An unknown kid may be a new key, or an attacker's guess: asked about at most this often. */
const LOOKUP_MS = 60_000;
/** Shorter than for a document: a key that its owner withdrew must not outlive a cut line by much. */
const LAST_GOOD_MS = 24 * 3600 * 1000;

interface KnownSet {
  readonly keys: LocalJWKSet;
  readonly fetchedAt: Date;
  readonly freshUntil: Date;
  /** When it was last fetched, or tried to be, for the sake of an unknown key. */
  readonly askedAt: Date;
}
type Token = Parameters<LocalJWKSet>;

export interface KeySource {
  readonly jwks?: JSONWebKeySet | undefined;
  readonly jwks_uri?: string | undefined;
}

/** The public keys with which clients sign their assertions (`private_key_jwt`, RFC 7523). */
export class ClientKeys {
  private readonly known = new LRUCache<string, KnownSet>({ max: MOST_SETS });
  private readonly fetches: SharedFetches<KnownSet>;

  constructor(
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {
    this.fetches = new SharedFetches(clock);
  }

  /**
   * A key resolver for jose's `jwtVerify`. Keys at a `jwks_uri` are fetched under the same rules as documents (spec S23,
   * S24), and again when a key is not among them, at most once a minute.
   *
   * @throws JOSEError from the resolver, when the client has no such key or its JWK Set is not valid; OutboundError, when
   *   the set cannot be fetched and there is no copy of the last day
   */
  resolver({ jwks, jwks_uri: uri }: KeySource): (...token: Token) => ReturnType<LocalJWKSet> {
    if (jwks) {
      const keys = createLocalJWKSet(jwks);
      return (...token) => select(keys, token);
    }
    return async (...token) => {
      if (uri === undefined) throw new errors.JWKSNoMatchingKey('the client has neither jwks nor jwks_uri');
      const set = await this.current(uri);
      try {
        return await select(set.keys, token);
      } catch (error) {
        const askedFor = this.clock.now().getTime() - set.askedAt.getTime();
        if (!(error instanceof errors.JWKSNoMatchingKey) || askedFor < LOOKUP_MS) throw error;
        this.known.set(uri, { ...set, askedAt: this.clock.now() });
        return select((await this.refresh(uri)).keys, token);
      }
    };
  }

  private async current(uri: string): Promise<KnownSet> {
    const known = this.known.get(uri);
    const now = this.clock.now();
    if (known && now < known.freshUntil) return known;
    try {
      return await this.refresh(uri);
    } catch (error) {
      if (known && now.getTime() - known.fetchedAt.getTime() <= LAST_GOOD_MS) return known;
      throw error;
    }
  }

  private refresh(uri: string): Promise<KnownSet> {
    return this.fetches.run(
      uri,
      async () => {
        const { headers, body } = await this.outbound.fetchJson(uri, {
          maxBytes: LARGEST_SET,
          accept: ACCEPT,
        });
        const now = this.clock.now();
        return { keys: keySet(body), fetchedAt: now, freshUntil: freshUntil(headers, now), askedAt: now };
      },
      (set) => {
        this.known.set(uri, set);
        return Promise.resolve();
      },
    );
  }
}

/** Numbers that make no key show only now, and as errors of the platform. */
async function select(keys: LocalJWKSet, token: Token): ReturnType<LocalJWKSet> {
  try {
    return await keys(...token);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw error;
    throw new errors.JWKSInvalid('the key of this kid cannot be used', { cause: error });
  }
}

function keySet(body: unknown): LocalJWKSet {
  try {
    return createLocalJWKSet(parsePublicKeys(body));
  } catch (error) {
    if (!(error instanceof ClientDocumentError)) throw error;
    throw new errors.JWKSInvalid(`the JWK Set at jwks_uri ${error.message}`, { cause: error });
  }
}
