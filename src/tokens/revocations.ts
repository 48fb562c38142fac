import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Principal, TokenPrincipal } from '../access/principal.js';
import { IDENTITY_SCOPES } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Database, type Statement } from '../database/database.js';
import { ToolgateError } from '../errors/toolgate-error.js';

interface Change {
  readonly id: string;
  readonly changedAt: Date;
  /** `changedAt` to the microsecond, which a Date cannot hold. */
  readonly stamp: string;
  /** A revoked session or key, a disabled user, a removed client or resource. */
  readonly ended: boolean;
  /** Of a user: what they may do now. */
  readonly scopes: string[] | null;
}

/*
 * What changed since $1, by Postgres's own clock. A statement stamps its row before it commits, so each poll looks
 * back OVERLAP further than the last; rows already seen are known by their stamp.
 */
const CHANGES: Statement = {
  name: 'revocation-changes',
  text: `
    SELECT id::text, changed_at AS "changedAt", changed_at::text AS stamp, true AS ended, NULL::text[] AS scopes
      FROM sessions WHERE revoked_at IS NOT NULL AND changed_at > $1
    UNION ALL
    SELECT id::text, changed_at, changed_at::text, disabled_at IS NOT NULL, scopes FROM users WHERE changed_at > $1
    UNION ALL
    SELECT id::text, changed_at, changed_at::text, revoked_at IS NOT NULL, NULL FROM api_keys WHERE changed_at > $1
    UNION ALL
    SELECT name, removed_at, removed_at::text, true, NULL FROM removals WHERE removed_at > $1`,
};
const NOW: Statement = { name: 'database-now', text: `SELECT clock_timestamp() AS now` };

const OVERLAP_MS = 30_000;
/** How long after a removal a replica may still have issued tokens: what it read before, and by a clock that is behind. */
const REMOVAL_LAG_MS = 60_000;

const clientName = (clientId: string) => `client ${clientId}`;
const resourceName = (resource: string) => `resource ${resource}`;

/** What revocation can end this principal by. */
export function revocableIds(principal: Principal): string[] {
  switch (principal.kind) {
    case 'user':
      return [principal.sessionId, principal.userId];
    case 'api_key':
      return [principal.keyId, principal.userId];
    case 'client':
      return [principal.sessionId, ...removable(principal)];
  }
}

/** A name may be given again: a removal ends what was issued before it. */
const removable = (principal: Principal): string[] =>
  principal.kind === 'client' ? [clientName(principal.clientId), resourceName(principal.resource)] : [];

interface Seen {
  readonly stamp: string;
  readonly at: number;
  readonly sequence: number;
  readonly ended: boolean;
  readonly scopes: readonly string[] | null;
}

/**
 * What this process knows of revocations: fed from Postgres several times a second, asked on every request.
 * An id's `sequence` is the local moment at which its last change was seen: what was verified before that is stale.
 */
@Injectable()
export class Revocations implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger(Revocations.name);
  private readonly seen = new Map<string, Seen>();
  private sequence = 0;
  private since = new Date(0);
  private freshAt = 0;
  private prunedAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    const [row] = await this.database.queryApart<{ now: Date }>('watch', NOW, []);
    if (!row) throw new Error('Postgres told no time');
    // Nothing that an older revocation could end is still alive.
    this.since = new Date(row.now.getTime() - this.config.ACCESS_TOKEN_TTL * 1000 - REMOVAL_LAG_MS);
    await this.poll();
    this.schedule();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Take this before reading the database; {@link changedSince} tells whether what was read has changed since. */
  mark(): number {
    return this.sequence;
  }

  changedSince(mark: number, ids: readonly string[]): boolean {
    // Nearly always, nothing at all has changed.
    return mark < this.sequence && ids.some((id) => (this.seen.get(id)?.sequence ?? 0) > mark);
  }

  /** Whether what was issued then to this principal has ended. */
  hasEnded(principal: Principal, issuedAt: Date): boolean {
    return this.isOver(principal) || this.removedSince(issuedAt, removable(principal));
  }

  /** Whether the session or key itself has ended, or its person was disabled. */
  isOver(principal: Principal): boolean {
    const [id = '', person] = revocableIds(principal);
    if (this.seen.get(id)?.ended) return true;
    return principal.kind !== 'client' && person !== undefined && this.seen.get(person)?.ended === true;
  }

  private removedSince(issuedAt: Date, names: readonly string[]): boolean {
    return names.some((name) => issuedAt.getTime() < (this.seen.get(name)?.at ?? -Infinity) + REMOVAL_LAG_MS);
  }

  /** A token says what its person could do when it was signed; what was taken from them since is cut off here. */
  cut<Holder extends TokenPrincipal>(principal: Holder): Holder {
    const held = principal.kind === 'user' ? this.seen.get(principal.userId)?.scopes : undefined;
    if (!held) return principal;
    const scopes = this.config.scopes.intersect(principal.scopes, [...held, ...IDENTITY_SCOPES]);
    return { ...principal, scopes };
  }

  /** Ends `id` here at once; the other replicas hear it from Postgres. */
  noteEnded(id: string): void {
    this.sequence += 1;
    this.seen.set(id, { stamp: '', at: Infinity, sequence: this.sequence, ended: true, scopes: null });
  }

  /** @throws ToolgateError `unavailable` when Postgres has been silent so long that a revocation may have been missed. */
  requireFresh(): void {
    if (performance.now() - this.freshAt <= this.config.REVOCATION_MAX_STALENESS * 1000) return;
    throw new ToolgateError('unavailable', {
      reason: 'revocations are stale',
      headers: { 'Retry-After': '5' },
    });
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.poll()
        .catch((error: unknown) => {
          this.log.warn(`revocations could not be read: ${String(error)}`);
        })
        .finally(() => {
          if (!this.stopped) this.schedule();
        });
    }, this.config.REVOCATION_POLL_MS).unref();
  }

  private async poll(): Promise<void> {
    const startedAt = performance.now();
    const changes = await this.database.queryApart<Change>('watch', CHANGES, [
      new Date(this.since.getTime() - OVERLAP_MS),
    ]);
    for (const change of changes) this.apply(change);
    this.freshAt = startedAt;
    this.prune();
  }

  private apply({ id, changedAt, stamp, ended, scopes }: Change): void {
    if (changedAt > this.since) this.since = changedAt;
    if (this.seen.get(id)?.stamp === stamp) return;
    this.sequence += 1;
    this.seen.set(id, { stamp, at: changedAt.getTime(), sequence: this.sequence, ended, scopes });
  }

  /** Forgets what no living token or cache entry can refer to. */
  private prune(): void {
    const now = performance.now();
    if (now - this.prunedAt < 60_000) return;
    this.prunedAt = now;
    const horizon = this.since.getTime() - this.config.ACCESS_TOKEN_TTL * 2000 - OVERLAP_MS;
    for (const [id, { at }] of this.seen) if (at < horizon) this.seen.delete(id);
  }
}
