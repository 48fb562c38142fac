import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import { Public } from '../access/decorators.js';
import { IDENTITY_SCOPES, LADDER_SCOPES } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ResourcesRepository } from '../resources/resources.repository.js';
import { AUTH_METHODS, GRANT_TYPES } from './clients/client.js';

/** RFC 8414 and OpenID Connect Discovery: one document, so that the two can never disagree (spec S2). */
@ApiTags('Discovery')
@Controller('.well-known')
@Public()
export class MetadataController {
  constructor(
    private readonly resources: ResourcesRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** At the root, and with the path of our resource inserted, where older clients look (clients: discovery order). */
  @Get([
    'oauth-authorization-server',
    'oauth-authorization-server/mcp',
    'openid-configuration',
    'openid-configuration/mcp',
  ])
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ summary: 'What this authorization server offers (RFC 8414)' })
  @ApiResponse({ status: 200, description: 'The metadata' })
  async metadata() {
    const { issuer } = this.config;
    const resources = await this.resources.all();
    const scopes = resources.flatMap((resource) => resource.scopes.map(({ name }) => name));
    return {
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      ...(this.config.REGISTRATION !== 'off' && { registration_endpoint: `${issuer}/oauth/register` }),
      revocation_endpoint: `${issuer}/oauth/revoke`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
      userinfo_endpoint: `${issuer}/oauth/userinfo`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      scopes_supported: [...new Set([...scopes, ...LADDER_SCOPES, ...IDENTITY_SCOPES])],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: GRANT_TYPES,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: AUTH_METHODS,
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256', 'PS256', 'Ed25519', 'EdDSA'],
      revocation_endpoint_auth_methods_supported: AUTH_METHODS,
      introspection_endpoint_auth_methods_supported: AUTH_METHODS.filter((method) => method !== 'none'),
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: this.config.CLIENT_DOCUMENTS,
      prompt_values_supported: ['none', 'login', 'consent'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [this.config.SIGNING_ALGORITHM],
      claims_supported: [
        'sub',
        'iss',
        'aud',
        'exp',
        'iat',
        'auth_time',
        'nonce',
        'email',
        'email_verified',
        'name',
      ],
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      service_documentation: `${issuer}/docs`,
    };
  }
}
