import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../crypto/uuid.js';
import { IDENTITY_SCOPES, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { sha256 } from '../crypto/digest.js';
import { MasterKey } from '../crypto/master-key.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { AuditTrail } from '../ops/audit/audit-trail.js';
import { Lifetimes } from './lifetimes.js';
import {
  looksLikeRefreshToken,
  newRefreshToken,
  refreshTokenAfter,
  refreshTokenKey,
} from './refresh-token.js';
import { RefreshTokensRepository, type Rotation } from './refresh-tokens.repository.js';
import type { Proof } from './proven-person.js';
import { Revocations } from './revocations.js';
import {
  type ClientToken,
  type EndedSession,
  type LiveSession,
  SessionsRepository,
} from './sessions.repository.js';
import { storableAddress } from './storable-address.js';
import { type TokenPair, TokenResponses } from './token-responses.js';

/** RFC 9068 wants a client_id in every token; a login over REST or at our pages is our own client's. */
export const FIRST_PARTY_CLIENT = 'toolgate';

export interface SessionRequest {
  readonly userId: string;
  readonly resource: string;
  readonly scopes: readonly Scope[];
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  readonly proof: Proof;
}

export interface RefreshRequest {
  readonly clientId: string;
  readonly from: { readonly requestId: string; readonly address: string | null };
  /** Must be the session's own when it is given (RFC 8707 section 2.2). */
  readonly resource?: string | undefined;
  /** A narrower scope for this access token alone; the session keeps its own (RFC 6749 section 6). */
  readonly scopes?: readonly Scope[] | undefined;
}

/** Opens, refreshes and ends sessions: what every issued token hangs from. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly refreshTokens: RefreshTokensRepository,
    private readonly responses: TokenResponses,
    private readonly revocations: Revocations,
    private readonly lifetimes: Lifetimes,
    private readonly masterKey: MasterKey,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * A login over REST.
   *
   * @throws ToolgateError `invalid_login` when the user was disabled, or lost the proof, in the meantime.
   */
  async open(request: SessionRequest): Promise<{ tokens: TokenPair; sessionId: string }> {
    const now = this.clock.now();
    const { userId, resource, scopes } = request;
    const id = uuidv7();
    const refreshToken = newRefreshToken(id);
    const opened = await this.sessions.open(
      {
        id,
        userId,
        clientId: FIRST_PARTY_CLIENT,
        resource,
        scopes,
        address: storableAddress(request.address),
        userAgent: request.userAgent?.slice(0, 500) ?? null,
        createdAt: now,
        expiresAt: this.lifetimes.sessionEnd(now),
      },
      refreshTokenKey(refreshToken),
      this.lifetimes.idleEnd(now),
      request.proof,
    );
    if (!opened)
      throw new ToolgateError('invalid_login', {
        reason: 'the account was disabled or taken over during the login',
      });
    const principal = { userId, sessionId: id, clientId: FIRST_PARTY_CLIENT, resource, scopes };
    return { tokens: await this.responses.pair({ kind: 'user', ...principal }, refreshToken), sessionId: id };
  }

  /**
   * Rotates a refresh token. Every retry within the replay window gets the same successor.
   *
   * @throws ToolgateError `invalid_refresh_token`, `expired_refresh_token`, `reused_refresh_token`, `wrong_resource`,
   *   `invalid_scope`
   */
  async refresh(presented: string, by: RefreshRequest): Promise<TokenPair> {
    if (!looksLikeRefreshToken(presented))
      throw new ToolgateError('invalid_refresh_token', { reason: 'malformed' });
    const successor = refreshTokenAfter(presented, this.masterKey.successorOf(presented));
    const rotation = await this.refreshTokens.rotate({
      ...refreshTokenKey(presented),
      successor: sha256(successor),
      clientId: by.clientId,
      resource: by.resource ?? null,
    });
    const { userId, sessionId, clientId, resource, sessionScopes, userScopes } = await this.requireLive(
      rotation,
      by.from,
    );
    const rules = this.config.scopes;
    const held = rules.intersect(sessionScopes, [...userScopes, ...IDENTITY_SCOPES]);
    const scopes = by.scopes ? rules.intersect(by.scopes, held) : held;
    // After the rotation, which loses nothing: a retry within the window gets the same successor.
    if (by.scopes?.length && scopes.length === 0) throw new ToolgateError('invalid_scope');
    return this.responses.pair({ kind: 'user', userId, sessionId, clientId, resource, scopes }, successor);
  }

  /**
   * Ends the session a refresh token belongs to, whatever state the token is in; with `clientId`, only that client's.
   * Undefined when there is none alive.
   */
  async endByRefreshToken(presented: string, clientId: string | null): Promise<EndedSession | undefined> {
    const sessionId = looksLikeRefreshToken(presented)
      ? await this.refreshTokens.sessionOf(refreshTokenKey(presented), clientId)
      : undefined;
    return sessionId === undefined ? undefined : this.end(sessionId, null, 'logout');
  }

  /** What this call ended; with `userId`, only a session of that user. */
  async end(
    sessionId: string,
    userId: string | null,
    reason: 'logout' | 'ended_by_user' | 'revoked_by_client' | 'refresh_token_reuse',
  ): Promise<EndedSession | undefined> {
    const ended = await this.sessions.revoke(sessionId, userId, reason, this.clock.now());
    if (ended) this.revocations.noteEnded(sessionId);
    return ended;
  }

  /** RFC 7009 of a token that a client got for itself. */
  async endOfClient(token: ClientToken): Promise<EndedSession | undefined> {
    const ended = await this.sessions.endOfClient(token, this.clock.now());
    if (ended) this.revocations.noteEnded(token.sessionId);
    return ended;
  }

  async live(userId: string): Promise<LiveSession[]> {
    return this.sessions.live(userId, this.clock.now());
  }

  private async requireLive(rotation: Rotation | undefined, from: RefreshRequest['from']): Promise<Rotation> {
    const outcome = rotation?.outcome ?? 'unknown';
    switch (outcome) {
      case 'rotated':
      case 'replayed':
        if (rotation) return rotation;
        break;
      case 'expired':
        throw new ToolgateError('expired_refresh_token');
      case 'reused':
        if (rotation) await this.endReused(rotation, from);
        throw new ToolgateError('reused_refresh_token');
      case 'wrong_resource':
        throw new ToolgateError('wrong_resource');
      case 'unknown':
        break;
    }
    throw new ToolgateError('invalid_refresh_token', { reason: outcome });
  }

  /** Of several who present its used tokens at once, one ends the session, and is in the record. */
  private async endReused(
    { userId, sessionId, clientId, resource }: Rotation,
    from: RefreshRequest['from'],
  ): Promise<void> {
    if (!(await this.end(sessionId, null, 'refresh_token_reuse'))) return;
    this.audit.note({
      event: 'session.token_reused',
      outcome: 'denied',
      reason: 'reused_refresh_token',
      subject: { userId, sessionId, clientId, resource },
      operation: { kind: 'session', name: sessionId },
      ...from,
    });
  }
}
