import { Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { AccessTokens, type VerifiedToken } from '../../tokens/access-tokens.js';
import { Revocations } from '../../tokens/revocations.js';
import { type TokenResponse, TokenResponses } from '../../tokens/token-responses.js';
import { GrantsRepository } from '../authorize/grants.repository.js';
import type { Client } from '../clients/client.js';
import { required } from '../parameters.js';
import type { GrantHandler, TokenRequest } from './grant-handler.js';
import { resourceParameter, scopeParameter } from './scope-parameter.js';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/**
 * RFC 8693, narrowing only: the new token never does more, never lives longer, and ends with the same session. `act` names
 * the client that acts (section 4.1).
 */
@Injectable()
export class TokenExchangeGrant implements GrantHandler {
  readonly type = 'urn:ietf:params:oauth:grant-type:token-exchange';

  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly revocations: Revocations,
    private readonly grants: GrantsRepository,
    private readonly responses: TokenResponses,
    @InjectConfig() private readonly config: Config,
  ) {}

  async handle({ client, parameters }: TokenRequest): Promise<TokenResponse & { issued_token_type: string }> {
    if (client.authenticatedBy === 'none')
      throw new OAuthError('unauthorized_client', 'Only a client that authenticates may exchange tokens.');
    if (![ACCESS_TOKEN, JWT].includes(required(parameters, 'subject_token_type')))
      throw new OAuthError('invalid_request', `subject_token_type must be ${ACCESS_TOKEN}.`);
    if (parameters.has('actor_token'))
      throw new OAuthError('invalid_request', 'actor_token is not taken: the actor is the client itself.');
    const wanted = parameters.get('requested_token_type') ?? ACCESS_TOKEN;
    if (![ACCESS_TOKEN, JWT].includes(wanted))
      throw new OAuthError('invalid_request', `requested_token_type must be ${ACCESS_TOKEN}.`);

    const { principal, expiresAt } = await this.subject(required(parameters, 'subject_token'), client);
    if (principal.kind !== 'user')
      throw new OAuthError('invalid_request', 'subject_token must be of a person.');
    const resource = resourceParameter(parameters) ?? principal.resource;
    const limit =
      resource === principal.resource
        ? principal.scopes
        : await this.consentedElsewhere(principal.userId, client, resource);
    const rules = this.config.scopes;
    const held = rules.intersect(principal.scopes, limit);
    const asked = scopeParameter(parameters);
    const scopes = asked ? rules.intersect(asked, held) : held;
    if (scopes.length === 0)
      throw new OAuthError('invalid_scope', 'subject_token holds none of these scopes.');
    const { userId, sessionId } = principal;
    const { clientId } = client;
    const answer = await this.responses.alone(
      { kind: 'user', userId, sessionId, clientId, resource, scopes, actor: clientId },
      expiresAt,
    );
    return { ...answer, issued_token_type: ACCESS_TOKEN };
  }

  /** A token of the client's own, or one that came to a resource it serves. */
  private async subject(token: string, client: Client): Promise<VerifiedToken> {
    try {
      const verified = await this.accessTokens.verify(token, null);
      const { principal } = verified;
      const related = principal.clientId === client.clientId || client.serves.includes(principal.resource);
      if (related && !this.revocations.hasEnded(principal, verified.issuedAt))
        return { ...verified, principal: this.revocations.cut(principal) };
    } catch (error) {
      if (!(error instanceof ToolgateError) || error.status !== 401) throw error;
    }
    throw new OAuthError(
      'invalid_grant',
      'subject_token is not a living token that this client may exchange.',
    );
  }

  private async consentedElsewhere(
    userId: string,
    client: Client,
    resource: string,
  ): Promise<readonly string[]> {
    const grant = await this.grants.find(userId, client.clientId, resource);
    if (grant) return grant.scopes;
    throw new OAuthError('invalid_target', 'The person did not allow this client at that resource.');
  }
}
