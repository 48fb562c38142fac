import { Controller, Delete, Get, Header, HttpCode, Param } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import { z } from 'zod';
import { Caller, RequireScope } from '../access/decorators.js';
import { personOf, type Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { Audited } from '../ops/audit/audited.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { SessionsAnswer } from './auth.schemas.js';

@ApiTags('Sessions')
@Controller('auth/sessions')
@RequireScope('sessions:write')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'List my living sessions' })
  @ApiResponse({ status: 200, description: 'Newest first', standardSchema: SessionsAnswer })
  async list(@Caller() caller: Principal): Promise<z.input<typeof SessionsAnswer>> {
    const sessions = await this.sessions.live(personOf(caller));
    return {
      sessions: sessions.map((session) => ({
        id: session.id,
        current: caller.kind === 'user' && caller.sessionId === session.id,
        client_id: session.clientId,
        resource: session.resource,
        scopes: [...session.scopes],
        address: session.address,
        user_agent: session.userAgent,
        created_at: session.createdAt.toISOString(),
        last_used_at: session.lastUsedAt.toISOString(),
        expires_at: session.expiresAt.toISOString(),
      })),
    };
  }

  @Delete(':id')
  @Audited('session.ended')
  @HttpCode(204)
  @ApiOperation({ summary: 'End one of my sessions' })
  @ApiResponse({ status: 204, description: 'Ended' })
  async end(@Param('id') id: string, @Caller() caller: Principal): Promise<void> {
    const known =
      z.uuid().safeParse(id).success && (await this.sessions.end(id, personOf(caller), 'ended_by_user'));
    if (!known) throw new ToolgateError('not_found', { detail: 'You have no living session with this id.' });
  }
}
