import { Injectable } from '@nestjs/common';
import { errors, jwtVerify } from 'jose';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { sameDigest, sha256 } from '../../crypto/digest.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { RateLimits } from '../../ops/rate-limits.js';
import { ClientKeys } from '../client-documents/client-keys.js';
import type { Parameters } from '../parameters.js';
import { AssertionsRepository } from './assertions.repository.js';
import type { AuthMethod, Client } from './client.js';
import { ClientsService } from './clients.service.js';
import { type PresentedClient, presentedClient } from './presented-client.js';

/** Asymmetric only: an attacker's `alg` chooses nothing (attack 15). */
const ALGORITHMS = [
  'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'Ed25519',
  'EdDSA', // the same by its older name (RFC 9864)
]; // prettier-ignore
const LONGEST_ASSERTION_SECONDS = 3600;
const CLOCK_TOLERANCE_SECONDS = 30;

/** A client, and the method that it proved itself by just now. */
export interface AuthenticatedClient extends Client {
  readonly authenticatedBy: AuthMethod;
}

export interface ClientRequest {
  readonly authorization: string | undefined;
  readonly parameters: Parameters;
  readonly address: string;
}

/** Why a client is not what it presents itself as; an assertion is yet to be checked. */
function refusal(presented: PresentedClient, { metadata, secretDigest }: Client): string | undefined {
  const registered = metadata.token_endpoint_auth_methods ?? [metadata.token_endpoint_auth_method];
  // Either way of sending a secret proves the same; no other method stands in for another.
  const secret = presented.method.startsWith('client_secret');
  if (!registered.some((one) => one === presented.method || (secret && one.startsWith('client_secret'))))
    return `registered for ${registered.join(' ')}`;
  if (!('secret' in presented)) return undefined;
  return secretDigest && sameDigest(sha256(presented.secret), secretDigest) ? undefined : 'wrong secret';
}

/** Finds out which client sends a request to the token, introspection, revocation and device endpoints. */
@Injectable()
export class ClientAuthentication {
  constructor(
    private readonly clients: ClientsService,
    private readonly keys: ClientKeys,
    private readonly assertions: AssertionsRepository,
    private readonly limits: RateLimits,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws OAuthError `invalid_client` (401), `invalid_request` */
  async authenticate(request: ClientRequest): Promise<AuthenticatedClient> {
    const presented = presentedClient(request.authorization, request.parameters);
    if (presented.method !== 'private_key_jwt') {
      const recent = await this.clients.findRecent(presented.clientId);
      if (recent && refusal(presented, recent) === undefined)
        return { ...recent, authenticatedBy: presented.method };
    }
    const client = await this.clients.find(presented.clientId);
    if (!client) return this.refuse(presented, request, 'no such client');
    const reason = refusal(presented, client);
    if (reason !== undefined) return this.refuse(presented, request, reason);
    if (presented.method === 'private_key_jwt') await this.checkAssertion(presented.assertion, client);
    return { ...client, authenticatedBy: presented.method };
  }

  /** @throws OAuthError `invalid_client` for a client that has no way to prove who it is. */
  async authenticateConfidential(request: ClientRequest): Promise<AuthenticatedClient> {
    const client = await this.authenticate(request);
    if (client.authenticatedBy !== 'none') return client;
    throw new OAuthError('invalid_client', 'This endpoint is for clients that can authenticate.', {
      status: 401,
    });
  }

  /** Wrong secrets are counted per address; right ones cost no count (spec S15, S17). */
  private async refuse(presented: PresentedClient, request: ClientRequest, reason: string): Promise<never> {
    await this.limits.consume([{ limit: 'client-secret', key: request.address }]).catch((error: unknown) => {
      if (!(error instanceof ToolgateError) || error.code !== 'rate_limited') throw error;
      throw new OAuthError('invalid_client', 'Too many wrong client credentials. Wait before the next try.', {
        status: 429,
        headers: { 'Retry-After': error.options.headers?.['Retry-After'] ?? '60' },
      });
    });
    throw new OAuthError('invalid_client', 'The client is unknown or its credentials are wrong.', {
      status: 401,
      reason,
      ...(presented.method === 'client_secret_basic' && {
        headers: { 'WWW-Authenticate': 'Basic realm="toolgate"' },
      }),
    });
  }

  /** RFC 7523 section 3. */
  private async checkAssertion(assertion: string, { clientId, metadata }: Client): Promise<void> {
    const now = this.clock.now();
    const invalid = (reason: string, cause?: unknown) =>
      new OAuthError('invalid_client', 'The client assertion is not valid.', { status: 401, reason, cause });
    let claims;
    try {
      claims = (
        await jwtVerify(assertion, this.keys.resolver(metadata), {
          algorithms: ALGORITHMS,
          issuer: clientId,
          subject: clientId,
          requiredClaims: ['exp', 'jti', 'aud'],
          currentDate: now,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        })
      ).payload;
    } catch (cause) {
      if (cause instanceof errors.JOSEError || cause instanceof TypeError)
        throw invalid(cause.message, cause);
      if (cause instanceof Error && cause.name === 'OutboundError') throw invalid(cause.message, cause);
      throw cause;
    }
    // One audience, and it is us (attack 16 and 15): a list could also name another server, where this was sent first.
    const audiences = [this.config.issuer, `${this.config.issuer}/oauth/token`];
    const audience = Array.isArray(claims.aud) && claims.aud.length === 1 ? claims.aud[0] : claims.aud;
    if (typeof audience !== 'string' || !audiences.includes(audience)) throw invalid('wrong aud');
    const { exp = 0, jti } = claims;
    if (exp - now.getTime() / 1000 > LONGEST_ASSERTION_SECONDS) throw invalid('exp is too far away');
    if (typeof jti !== 'string' || jti === '' || jti.length > 500 || jti.includes('\u0000'))
      throw invalid('malformed jti');
    const until = new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1000);
    if (!(await this.assertions.spend(clientId, jti, until))) throw invalid('jti was used before');
  }
}
