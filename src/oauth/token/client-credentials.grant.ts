import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { IDENTITY_SCOPES } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { grantableScopes } from '../../resources/resource.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import { type TokenResponse, TokenResponses } from '../../tokens/token-responses.js';
import type { GrantHandler, TokenRequest } from './grant-handler.js';
import { resourceParameter, scopeParameter } from './scope-parameter.js';

/**
 * RFC 6749 section 4.4: a client for itself, with the scopes that an operator gave it. No refresh token, and no row: the token lives
 * until it expires, is revoked, or the client or the resource is removed (docs/adr/0020).
 */
@Injectable()
export class ClientCredentialsGrant implements GrantHandler {
  readonly type = 'client_credentials';

  constructor(
    private readonly resources: ResourcesRepository,
    private readonly responses: TokenResponses,
    @InjectConfig() private readonly config: Config,
  ) {}

  async handle({ client, parameters }: TokenRequest): Promise<TokenResponse> {
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
    const { clientId } = client;
    return this.responses.alone({
      kind: 'client',
      clientId,
      sessionId: randomUUID(),
      resource: identifier,
      scopes,
    });
  }
}
