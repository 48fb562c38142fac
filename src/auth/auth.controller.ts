import { Body, Controller, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { requireOneAuthorization } from '../access/credential.js';
import { Caller, Public } from '../access/decorators.js';
import { personOf, type Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { RateLimits } from '../ops/rate-limits.js';
import { FIRST_PARTY_CLIENT, SessionsService } from '../tokens/sessions.service.js';
import type { TokenPair } from '../tokens/token-responses.js';
import type { Account } from '../users/users.repository.js';
import { UsersService } from '../users/users.service.js';
import {
  LoginBody,
  LogoutBody,
  MeAnswer,
  RefreshBody,
  RegisterAnswer,
  RegisterBody,
  TokenAnswer,
} from './auth.schemas.js';
import { LoginService } from './login.service.js';
import { LogoutService } from './logout.service.js';

export function userView(user: Account): z.input<typeof RegisterAnswer>['user'] {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    scopes: [...user.scopes],
    created_at: user.createdAt.toISOString(),
  };
}

@ApiTags('Accounts and tokens')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly logins: LoginService,
    private readonly logouts: LogoutService,
    private readonly limits: RateLimits,
  ) {}

  @Public()
  @Post('register')
  @Audited('account.registered')
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Register an account' })
  @ApiResponse({ status: 201, description: 'Registered', standardSchema: RegisterAnswer })
  async register(
    @Body({ schema: RegisterBody }) body: z.output<typeof RegisterBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const user = await this.users.inLine(async () => {
      const { headers } = await this.limits.consume([{ limit: 'register-address', key: request.ip }]);
      reply.headers(headers);
      return this.users.register(body);
    });
    noteForAudit(request, { subject: { userId: user.id }, object: user.id });
    return { user: userView(user) };
  }

  @Public()
  @Post('login')
  @Audited('account.signed_in')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Log in with e-mail and password' })
  @ApiResponse({
    status: 200,
    description: 'A token pair (RFC 6749 section 5.1)',
    standardSchema: TokenAnswer,
  })
  async login(
    @Body({ schema: LoginBody }) body: z.output<typeof LoginBody>,
    @Req() request: Pick<FastifyRequest, 'ip' | 'headers'>,
    @Res({ passthrough: true }) reply: { headers(values: Record<string, string>): unknown },
  ): Promise<TokenPair> {
    const from = { address: request.ip, userAgent: request.headers['user-agent'] };
    const { tokens, headers, subject } = await this.logins.login(body, from);
    noteForAudit(request, { subject });
    reply.headers(headers);
    return tokens;
  }

  @Public()
  @Post('refresh')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Trade a refresh token for a new pair' })
  @ApiResponse({
    status: 200,
    description: 'A token pair; the old refresh token is used up',
    standardSchema: TokenAnswer,
  })
  async refresh(
    @Body({ schema: RefreshBody }) body: z.output<typeof RefreshBody>,
    @Req() request: Pick<FastifyRequest, 'id' | 'ip'>,
  ): Promise<TokenPair> {
    const from = { requestId: request.id, address: request.ip };
    return this.sessions.refresh(body.refresh_token, { clientId: FIRST_PARTY_CLIENT, from });
  }

  /** Public because a refresh token is credential enough: the access token may have expired long ago. */
  @Public()
  @Post('logout')
  @Audited('account.signed_out')
  @HttpCode(204)
  @ApiOperation({ summary: 'End the session of a refresh token, or of the bearer' })
  @ApiResponse({ status: 204, description: 'Ended, or was not alive' })
  async logout(
    @Body({ schema: LogoutBody }) body: z.output<typeof LogoutBody>,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    requireOneAuthorization(request.raw.rawHeaders);
    const ended = await this.logouts.logout(body?.refresh_token, request.headers);
    noteForAudit(request, ended ? { subject: ended } : { nothing: true });
  }

  @Get('me')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Who am I, and what may this credential do' })
  @ApiResponse({ status: 200, description: 'The user and the credential', standardSchema: MeAnswer })
  async me(@Caller() caller: Principal): Promise<z.input<typeof MeAnswer>> {
    const user = await this.users.find(personOf(caller));
    if (!user) throw new ToolgateError('revoked_token', { reason: 'the account is gone' });
    const { kind, resource } = caller;
    const ids =
      caller.kind === 'api_key'
        ? { key_id: caller.keyId }
        : { session_id: caller.sessionId, client_id: caller.clientId };
    return { user: userView(user), credential: { kind, scopes: [...caller.scopes], resource, ...ids } };
  }
}
