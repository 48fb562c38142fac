import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { IDENTITY_SCOPES } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { grantableScopes } from '../../resources/resource.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import { Lifetimes } from '../../tokens/lifetimes.js';
import { type TokenResponse, TokenResponses } from '../../tokens/token-responses.js';
import { ClientSessionsRepository } from './client-sessions.repository.js';
import type { GrantHandler, TokenRequest } from './grant-handler.js';
import { resourceParameter, scopeParameter } from './scope-parameter.js';

/** RFC 6749 section 4.4: a client for itself, with the scopes that an operator gave it. No refresh token. */
@Injectable()
export class ClientCredentialsGrant implements GrantHandler {
  readonly type = 'client_credentials';

  constructor(
    private readonly sessions: ClientSessionsRepository,
    private readonly resources: ResourcesRepository,
    private readonly responses: TokenResponses,
    private readonly lifetimes: Lifetimes,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async handle({ client, parameters, address }: TokenRequest): Promise<TokenResponse> {
    if (client.authenticatedBy === 'none')
      throw new OAuthError('unauthorized_client', 'A client without a credential cannot act for itself.');
    const identifier = resourceParameter(parameters) ?? this.config.resource;
    const resource = await this.resources.findRecent(identifier);
    if (!resource) throw new OAuthError('invalid_target', 'resource is not one that tokens are issued for.');
    // There is no person to know of.
    const rules = this.config.scopes;
    const held = rules
      .intersect(client.ownScopes, grantableScopes(resource))
      .filter((scope) => !IDENTITY_SCOPES.includes(scope));
    const asked = scopeParameter(parameters);
    const scopes = asked ? rules.intersect(asked, held) : held;
    if (scopes.length === 0)
      throw new OAuthError('invalid_scope', 'The client holds none of these scopes at this resource.');
    const now = this.clock.now();
    const id = uuidv7();
    const { clientId } = client;
    const end = this.lifetimes.accessTokenEnd(now);
    if (!(await this.sessions.open({ id, clientId, resource: identifier, scopes, address, now, end })))
      throw new OAuthError('invalid_client', 'The client or the resource was removed.', { status: 401 });
    return this.responses.alone({ kind: 'client', clientId, sessionId: id, resource: identifier, scopes });
  }
}
