import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Credential } from '../access/credential.js';
import { Clock } from '../crypto/clock.js';
import { revocableIds, Revocations } from '../tokens/revocations.js';
import type { Verified } from './verified.js';

interface Entry extends Verified {
  readonly credential: string;
  /** What it can be revoked by. */
  readonly ids: readonly string[];
  /** {@link Revocations.mark} from before the verification began. */
  readonly mark: number;
}

const CAPACITY = 10_000;

/** What an entry is found by, once more with every request: the end of a credential, its signature, is as good as random. */
const endOf = (credential: string): string => credential.slice(-43);

/** Credentials verified before, so that the next call with one costs neither a signature nor a query. */
@Injectable()
export class VerifiedCache {
  private readonly entries = new LRUCache<string, Entry>({ max: CAPACITY });

  constructor(
    private readonly revocations: Revocations,
    private readonly clock: Clock,
  ) {}

  /**
   * Only the very same text is the same credential, whatever it is found by. What was found out says for which resource and
   * as what it was verified, and anything else has to be verified anew.
   */
  get({ kind, value }: Credential, resource: string): Verified | undefined {
    const end = endOf(value);
    const entry = this.entries.get(end);
    if (entry?.credential !== value || entry.principal.resource !== resource) return undefined;
    if ((entry.principal.kind === 'api_key') !== (kind === 'api_key')) return undefined;
    const expired = entry.expiresAt !== undefined && entry.expiresAt <= this.clock.now();
    if (!expired && !this.revocations.changedSince(entry.mark, entry.ids)) return entry;
    this.entries.delete(end);
    return undefined;
  }

  /** `mark` was taken before `verified` was read: a revocation since then keeps it out at the next `get`. */
  set({ value }: Credential, verified: Verified, mark: number): void {
    this.entries.set(endOf(value), {
      ...verified,
      credential: value,
      ids: revocableIds(verified.principal),
      mark,
    });
  }
}
