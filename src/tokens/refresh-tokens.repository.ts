import { Injectable } from '@nestjs/common';
import { Clock } from '../crypto/clock.js';
import { Batches } from '../database/batches.js';
import { Database, type Statement } from '../database/database.js';
import { Lifetimes } from './lifetimes.js';
import type { RefreshTokenKey } from './refresh-token.js';

/** What became of a presented refresh token. `replayed` is a retry within the window: it gets the same successor. */
export type RotationOutcome = 'rotated' | 'replayed' | 'reused' | 'expired' | 'wrong_resource' | 'unknown';

export interface Rotation {
  readonly outcome: RotationOutcome;
  readonly userId: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly sessionScopes: string[];
  readonly userScopes: string[];
}
type Placed = Rotation & { readonly place: number };

/** So many of the tokens used last are known one by one; an older one is a reuse, however short ago it was used. */
const RETRIED = 8;

/*
 * Puts the successor in the place of each token with which all is well, as nearly always. Of two callers the second waits here and
 * then finds another token in its place. The length makes the planner expect one row, whatever the array, so that it keeps one plan:
 * each row by its session's id, in the order given.
 * $1 the sessions, in order, $2 presented digests, $3 their families', $4 the clients that present them: to any other a token is
 * unknown (spec S10), $5 the resources that they ask for, or nulls, $6 now, $7 start of the replay window, $8 digests of the
 * successors, $9 their idle end.
 */
const ROTATE: Statement = {
  name: 'refresh-tokens-rotate',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $8::bytea[]) WITH ORDINALITY
        AS asked (session_id, presented, family, client_id, wanted, successor, place)
      WHERE octet_length(presented) = 32
    ), rotated AS (
      UPDATE refresh_tokens t
      SET family_digest = a.family, digest = a.successor, issued_at = $6, expires_at = least($9, t.session_expires_at),
          used = (array_prepend(t.digest, CASE WHEN t.used_at[1] > $7 THEN t.used END))[:${RETRIED}],
          used_at = (array_prepend($6, CASE WHEN t.used_at[1] > $7 THEN t.used_at END))[:${RETRIED}]
      FROM asked a
      WHERE t.session_id = a.session_id AND t.digest = a.presented AND t.client_id = a.client_id AND t.expires_at > $6
        AND (a.wanted IS NULL OR t.resource = a.wanted)
      RETURNING a.place, t.session_id, t.user_id, t.client_id, t.resource, t.scopes, t.user_scopes
    )
    SELECT json_agg(json_build_object(
      'place', place, 'outcome', 'rotated', 'userId', user_id, 'sessionId', session_id, 'clientId', client_id,
      'resource', resource, 'sessionScopes', scopes, 'userScopes', user_scopes
    )) AS rotations FROM rotated`,
};

/*
 * Why those that were not rotated were not, in order of weight, as everybody's rotations have left the rows. A reuse is a token used
 * again after the window, or older than those that are known, or made up by who had one. The row of a session that has ended is
 * gone: its tokens are unknown. Parameters as above.
 */
const JUDGE: Statement = {
  name: 'refresh-tokens-judge',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::text[]) WITH ORDINALITY
        AS asked (session_id, presented, family, client_id, wanted, place)
      WHERE octet_length(presented) = 32
    ), judged AS (
      SELECT a.place, CASE
               WHEN t.resource <> a.wanted THEN 'wrong_resource'
               WHEN t.session_expires_at <= $6 OR t.digest = a.presented THEN 'expired'
               WHEN t.used_at[array_position(t.used, a.presented)] > $7 THEN 'replayed'
               ELSE 'reused'
             END AS outcome, t.*
      FROM asked a JOIN refresh_tokens t ON t.session_id = a.session_id AND t.client_id = a.client_id
      WHERE t.family_digest = a.family OR t.digest = a.presented
    )
    SELECT json_agg(json_build_object(
      'place', place, 'outcome', outcome, 'userId', user_id, 'sessionId', session_id, 'clientId', client_id,
      'resource', resource, 'sessionScopes', scopes, 'userScopes', user_scopes
    )) AS rotations FROM judged`,
};

/** A refresh token that could be used now. Times in seconds since 1970. */
export interface LivingRefreshToken {
  readonly sessionId: string;
  readonly userId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
}

// One plan for all sizes, as above. $1 sessions, $2 digests, $3 now.
const LIVING: Statement = {
  name: 'refresh-tokens-living',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS asked (session_id, digest, place)
      WHERE octet_length(digest) = 32
    )
    SELECT json_agg(json_build_object(
      'place', a.place, 'sessionId', t.session_id, 'userId', t.user_id, 'clientId', t.client_id, 'resource', t.resource,
      'scopes', t.scopes, 'issuedAt', floor(extract(epoch FROM t.issued_at)),
      'expiresAt', floor(extract(epoch FROM t.expires_at))
    )) AS living
    FROM asked a JOIN refresh_tokens t ON t.session_id = a.session_id AND t.digest = a.digest AND t.expires_at > $3`,
};

const SESSION_OF: Statement = {
  name: 'refresh-token-session',
  text: `SELECT session_id AS "sessionId" FROM refresh_tokens
         WHERE session_id = $1 AND (family_digest = $2 OR digest = $3) AND ($4::text IS NULL OR client_id = $4)`,
};

/** A refresh token and who presents it. */
export interface Presented extends RefreshTokenKey {
  readonly successor: Buffer;
  readonly clientId: string;
  readonly resource: string | null;
}

const MOST_AT_ONCE = { most: 64, atOnce: 4 };

/** What was found, at the places of what was asked for. */
function inPlace<Row extends { place: number }>(found: Row[] | null | undefined, count: number) {
  const answers = new Array<Row | undefined>(count);
  for (const row of found ?? []) answers[row.place - 1] = row;
  return answers;
}

@Injectable()
export class RefreshTokensRepository {
  private readonly rotations = new Batches<Presented, Rotation>({
    run: (batch) => this.rotateAll(batch),
    keyOf: ({ sessionId }) => sessionId,
    ...MOST_AT_ONCE,
  });
  // Apart: what becomes of the refused is nothing that the rotated wait for, or that is done to them again.
  private readonly judgements = new Batches<Presented, Rotation>({
    run: (batch) => this.judgeAll(batch),
    ...MOST_AT_ONCE,
  });
  private readonly lookups = new Batches<RefreshTokenKey, LivingRefreshToken>({
    run: (keys) => this.findAll(keys),
    ...MOST_AT_ONCE,
  });

  constructor(
    private readonly database: Database,
    private readonly lifetimes: Lifetimes,
    private readonly clock: Clock,
  ) {}

  /** `undefined` for a token nobody issued, or of a session that has ended. */
  async rotate(presented: Presented): Promise<Rotation | undefined> {
    return (await this.rotations.add(presented)) ?? this.judgements.add(presented);
  }

  /** `undefined` for one that is used, expired or ended, or that nobody issued. */
  async living(key: RefreshTokenKey): Promise<LivingRefreshToken | undefined> {
    return this.lookups.add(key);
  }

  private async findAll(keys: readonly RefreshTokenKey[]): Promise<(LivingRefreshToken | undefined)[]> {
    type Row = LivingRefreshToken & { place: number };
    const [row] = await this.database.query<{ living: Row[] | null }>(LIVING, [
      keys.map(({ sessionId }) => sessionId),
      keys.map(({ digest }) => digest),
      this.clock.now(),
    ]);
    return inPlace(row?.living, keys.length);
  }

  private async rotateAll(batch: readonly Presented[]): Promise<(Rotation | undefined)[]> {
    // In one order for all, or two batches could wait for each other.
    const asked = [...batch].sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
    const now = this.clock.now();
    const successors = asked.map(({ successor }) => successor);
    const found = await this.ask(ROTATE, asked, now, [successors, this.lifetimes.idleEnd(now)]);
    const places = new Map(asked.map((one, index) => [one, index]));
    return batch.map((one) => found[places.get(one) ?? -1]);
  }

  private async judgeAll(batch: readonly Presented[]): Promise<(Rotation | undefined)[]> {
    return this.ask(JUDGE, batch, this.clock.now(), []);
  }

  private async ask(
    statement: Statement,
    asked: readonly Presented[],
    now: Date,
    more: readonly unknown[],
  ): Promise<(Rotation | undefined)[]> {
    const [row] = await this.database.query<{ rotations: Placed[] | null }>(statement, [
      asked.map(({ sessionId }) => sessionId),
      asked.map(({ digest }) => digest),
      asked.map(({ family }) => family),
      asked.map(({ clientId }) => clientId),
      asked.map(({ resource }) => resource),
      now,
      this.lifetimes.replayWindowStart(now),
      ...more,
    ]);
    return inPlace(row?.rotations, asked.length);
  }

  /** Of any token of a session that has not ended, used or not, or made up by who had one. */
  async sessionOf(
    { sessionId, family, digest }: RefreshTokenKey,
    clientId: string | null,
  ): Promise<string | undefined> {
    const values = [sessionId, family, digest, clientId];
    const rows = await this.database.query<{ sessionId: string }>(SESSION_OF, values);
    return rows[0]?.sessionId;
  }
}
