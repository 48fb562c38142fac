import { Controller, Get, Header, Post, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiExcludeEndpoint,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '../../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { parseScope } from '../../access/scopes.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { UsersService } from '../../users/users.service.js';
import { identityClaims } from '../token/id-tokens.js';
import { TokenLookup } from './token-lookup.js';

/**
 * OpenID Connect Core section 5.3. Public for the guards, which take tokens for our own resource alone: here a token for any
 * resource will do, if it holds `openid`.
 */
@ApiTags('OAuth')
@Controller('oauth/userinfo')
@Public()
export class UserinfoController {
  constructor(
    private readonly tokens: TokenLookup,
    private readonly users: UsersService,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiBearerAuth('bearer')
  @ApiOperation({ summary: 'Who is the person behind this token (OpenID Connect)' })
  @ApiResponse({ status: 200, description: 'The claims that its scopes let it see' })
  async get(@Req() request: FastifyRequest) {
    const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new ToolgateError('missing_credential');
    const found = await this.tokens.find(token);
    if (found?.shown.token_type !== 'Bearer') throw new ToolgateError('invalid_token');
    const scopes = parseScope(found.shown.scope) ?? [];
    if (!scopes.includes('openid')) throw new ToolgateError('insufficient_scope', { scopes: ['openid'] });
    const user = found.shown.sub === found.clientId ? undefined : await this.users.find(found.shown.sub);
    if (!user) throw new ToolgateError('invalid_token', { reason: 'the account is gone' });
    const { id: userId, email, emailVerifiedAt, name } = user;
    return identityClaims({ userId, email, emailVerified: emailVerifiedAt !== null, name }, scopes);
  }

  @Post()
  @ApiExcludeEndpoint()
  async post(@Req() request: FastifyRequest) {
    return this.get(request);
  }
}
