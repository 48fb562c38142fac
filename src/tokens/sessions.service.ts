import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Principal } from '../access/principal.js';
import { formatScope, intersectScopes, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { randomToken, sha256 } from '../crypto/digest.js';
import { MasterKey } from '../crypto/master-key.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { AccessTokens } from './access-tokens.js';
import { RefreshTokensRepository, type Rotation } from './refresh-tokens.repository.js';
import { Revocations } from './revocations.js';
import { type LiveSession, SessionsRepository } from './sessions.repository.js';

/** The `tgr_` prefix lets secret scanners find a leaked one. */
const REFRESH_PREFIX = 'tgr_';
const REFRESH_SHAPE = /^tgr_[A-Za-z0-9_-]{43}$/;

/** RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
}

export interface SessionRequest {
  readonly userId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly Scope[];
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
}

/** Opens, refreshes and ends sessions: what every issued token hangs from. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly refreshTokens: RefreshTokensRepository,
    private readonly accessTokens: AccessTokens,
    private readonly revocations: Revocations,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ToolgateError `invalid_login` when the user was disabled in the meantime. */
  async open(request: SessionRequest): Promise<TokenResponse> {
    const now = this.clock.now();
    const id = uuidv7();
    const refreshToken = REFRESH_PREFIX + randomToken();
    const opened = await this.sessions.open(
      {
        id,
        userId: request.userId,
        clientId: request.clientId,
        resource: request.resource,
        scopes: request.scopes,
        address: request.address ?? null,
        userAgent: request.userAgent?.slice(0, 500) ?? null,
        createdAt: now,
        expiresAt: this.after(now, this.config.SESSION_TTL),
      },
      sha256(refreshToken),
      this.after(now, this.config.REFRESH_IDLE_TTL),
    );
    if (!opened)
      throw new ToolgateError('invalid_login', { reason: 'the account was disabled during the login' });
    return this.respond({ ...request, sessionId: id }, refreshToken);
  }

  /**
   * Rotates a refresh token. Every retry within the replay window gets the same successor.
   *
   * @throws ToolgateError `invalid_refresh_token`, `expired_refresh_token`, `reused_refresh_token`
   */
  async refresh(presented: string): Promise<TokenResponse> {
    if (!REFRESH_SHAPE.test(presented))
      throw new ToolgateError('invalid_refresh_token', { reason: 'malformed' });
    const now = this.clock.now();
    const successor = REFRESH_PREFIX + this.masterKey.successorOf(presented);
    const rotation = await this.refreshTokens.rotate(sha256(presented), sha256(successor), {
      now,
      windowStart: this.after(now, -this.config.REFRESH_REPLAY_WINDOW),
      idleEnd: this.after(now, this.config.REFRESH_IDLE_TTL),
    });
    const { userId, sessionId, clientId, resource, sessionScopes, userScopes } = this.requireLive(rotation);
    const scopes = intersectScopes(sessionScopes, userScopes);
    return this.respond({ userId, sessionId, clientId, resource, scopes }, successor);
  }

  /** Ends the session a refresh token belongs to, whatever state the token is in. False when nobody issued it. */
  async endByRefreshToken(presented: string): Promise<boolean> {
    const sessionId = REFRESH_SHAPE.test(presented)
      ? await this.refreshTokens.sessionOf(sha256(presented))
      : undefined;
    if (sessionId === undefined) return false;
    await this.end(sessionId, null, 'logout');
    return true;
  }

  /** True when this call ended it; with `userId`, only a session of that user. */
  async end(sessionId: string, userId: string | null, reason: 'logout' | 'ended_by_user'): Promise<boolean> {
    const ended = await this.sessions.revoke(sessionId, userId, reason, this.clock.now());
    if (ended) this.revocations.noteEnded(sessionId);
    return ended;
  }

  async live(principal: Principal): Promise<LiveSession[]> {
    return this.sessions.live(principal.userId, this.clock.now());
  }

  private requireLive(rotation: Rotation | undefined): Rotation {
    const outcome = rotation?.outcome ?? 'unknown';
    switch (outcome) {
      case 'rotated':
      case 'replayed':
        if (rotation) return rotation;
        break;
      case 'expired':
        throw new ToolgateError('expired_refresh_token');
      case 'reused':
        if (rotation) this.revocations.noteEnded(rotation.sessionId);
        throw new ToolgateError('reused_refresh_token');
      case 'revoked':
      case 'unknown':
        break;
    }
    throw new ToolgateError('invalid_refresh_token', { reason: outcome });
  }

  private async respond(
    session: Omit<SessionRequest, 'address' | 'userAgent'> & { sessionId: string },
    refreshToken: string,
  ): Promise<TokenResponse> {
    const { token, expiresIn } = await this.accessTokens.issue(session);
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: expiresIn,
      refresh_token: refreshToken,
      scope: formatScope(session.scopes),
    };
  }

  private after(time: Date, seconds: number): Date {
    return new Date(time.getTime() + seconds * 1000);
  }
}
