import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { TokenPrincipal } from '../access/principal.js';
import { formatScope, parseScope, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { segmentsOf, signCompact, verifiedClaims } from './jws.js';
import { KeyRing } from './key-ring.js';

export interface VerifiedToken {
  readonly principal: TokenPrincipal;
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** RFC 9068 section 2.2, with `aud` as exactly one string: a token for us and somebody else is not for us. */
const Claims = z.object({
  iss: z.string(),
  /** A user's id, or for a client that acts for itself its client_id (RFC 9068 section 2.2). */
  sub: z.string().min(1),
  aud: z.string(),
  client_id: z.string().min(1),
  scope: z.string(),
  iat: z.number().int(),
  nbf: z.number().optional(),
  exp: z.number().int(),
  jti: z.string().min(1),
  sid: z.uuid(),
  act: z.object({ sub: z.string().min(1) }).optional(),
});
type Claims = z.output<typeof Claims>;

/** A client's id is never a UUID, so that no client can pass for a person. */
function principalOf(claims: Claims, scopes: readonly Scope[]): TokenPrincipal | undefined {
  const { sub, sid: sessionId, client_id: clientId, aud: resource, act } = claims;
  if (sub === clientId) return { kind: 'client', clientId, sessionId, resource, scopes };
  if (!z.uuid().safeParse(sub).success) return undefined;
  const actor = act && { actor: act.sub };
  return { kind: 'user', userId: sub, sessionId, clientId, resource, scopes, ...actor };
}

/** A token is looked at again and again while it lives; its signature and what it says never change. */
const MOST_VERIFIED = 5000;

/** Signs and verifies access tokens (RFC 9068). Whether their session still lives is for Revocations to say. */
@Injectable()
export class AccessTokens {
  private readonly verified = new LRUCache<string, { header: string; claims: Claims }>({
    max: MOST_VERIFIED,
  });

  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** `notAfter`: what it was made from ends then. */
  async issue(principal: TokenPrincipal, notAfter?: Date): Promise<{ token: string; expiresIn: number }> {
    const key = this.keys.signingKey();
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const exp = Math.min(
      now + this.config.ACCESS_TOKEN_TTL,
      Math.floor((notAfter?.getTime() ?? Infinity) / 1000),
    );
    const claims: z.input<typeof Claims> = {
      iss: this.config.issuer,
      sub: principal.kind === 'user' ? principal.userId : principal.clientId,
      aud: principal.resource,
      client_id: principal.clientId,
      scope: formatScope(principal.scopes),
      iat: now,
      exp,
      jti: randomUUID(),
      sid: principal.sessionId,
      ...(principal.kind === 'user' && principal.actor !== undefined && { act: { sub: principal.actor } }),
    };
    return { token: await signCompact(key.headers['at+jwt'], claims, key), expiresIn: exp - now };
  }

  /**
   * A token of ours for `audience`; for any resource when that is null, which only the authorization server's own
   * endpoints may ask (RFC 7662, RFC 7009, RFC 8693).
   *
   * @throws ToolgateError `invalid_token`, `expired_token`
   */
  async verify(token: string, audience: string | null = this.config.resource): Promise<VerifiedToken> {
    const claims = this.requireCurrent(await this.verifySignature(token), audience);
    const scopes = parseScope(claims.scope);
    const principal = scopes && principalOf(claims, scopes);
    if (!principal) throw invalid('malformed scope or sub claim');
    return {
      principal,
      id: claims.jti,
      issuedAt: new Date(claims.iat * 1000),
      expiresAt: new Date(claims.exp * 1000),
    };
  }

  private async verifySignature(token: string): Promise<Claims> {
    const known = this.verified.get(token);
    if (known && this.keys.knows(known.header)) return known.claims;
    const segments = segmentsOf(token);
    const key = segments && (await this.keys.verificationKey(segments[0]));
    if (!key) throw invalid('not a token, or not one with the header of a key of ours');
    const claims = verifiedClaims(segments, key);
    if (!claims) throw invalid('the signature does not verify');
    const parsed = Claims.safeParse(claims);
    if (!parsed.success) throw invalid('a claim is missing or malformed');
    this.verified.set(token, { header: segments[0], claims: parsed.data });
    return parsed.data;
  }

  /** RFC 9068 section 4 and RFC 7519 section 4.1: from us, for this audience, now. */
  private requireCurrent(claims: Claims, audience: string | null): Claims {
    const { iss, aud, iat, nbf, exp } = claims;
    if (iss !== this.config.issuer) throw invalid('another issuer');
    if (audience !== null && aud !== audience) throw invalid('another audience');
    const now = Math.floor(this.clock.now().getTime() / 1000);
    if (nbf !== undefined && nbf > now) throw invalid('nbf is in the future');
    if (iat > now) throw invalid('iat is in the future');
    if (exp <= now) throw new ToolgateError('expired_token', { reason: 'exp has passed' });
    // Revocations older than one token life are forgotten, so no token may outlive the life set now.
    if (now - iat > this.config.ACCESS_TOKEN_TTL)
      throw new ToolgateError('expired_token', { reason: 'older than a token may be' });
    return claims;
  }
}

const invalid = (reason: string) => new ToolgateError('invalid_token', { reason });
