import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse, ApiTags } from '../api-description.js';
import type { z } from 'zod';
import { RequireScope } from '../../access/decorators.js';
import { AuditRepository } from './audit.repository.js';
import { AuditAnswer, AuditQuery, cursorOf } from './audit.schemas.js';
import { AuditTrail } from './audit-trail.js';

const optional = (name: string, description: string) =>
  ApiQuery({ name, description, required: false, schema: { type: 'string' } });

@ApiTags('Administration')
@Controller('admin/audit')
@RequireScope('admin')
export class AuditController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly repository: AuditRepository,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Who called what, who signed in, what was changed, and what was refused' })
  @optional('user', 'the id of a user: what was done by or for them')
  @optional('event', 'an event such as key.revoked, or what stands before its dot')
  @optional('client', 'the id of a client')
  @optional('key', 'the id of an API key that called')
  @optional('resource', 'the URI of an MCP server')
  @optional('tool', 'the name of a tool or prompt, the URI of a resource, or the id of what was changed')
  @optional('outcome', 'allowed or denied')
  @optional('since', 'from this moment on (RFC 3339)')
  @optional('until', 'before this moment (RFC 3339)')
  @optional('limit', 'how many at most: 1 to 1000; default 100')
  @optional('cursor', 'next_cursor of the page before')
  @ApiResponse({ status: 200, description: 'The newest first', standardSchema: AuditAnswer })
  @ApiResponse({ status: 422, description: 'A parameter is not valid' })
  async list(
    @Query({ schema: AuditQuery }) query: z.output<typeof AuditQuery>,
  ): Promise<z.input<typeof AuditAnswer>> {
    await this.trail.flush();
    const { user, client, key, tool, cursor, limit, ...rest } = query;
    const named = { userId: user, clientId: client, keyId: key, operation: tool };
    const filter = { ...rest, ...named, before: cursor, limit: limit + 1 };
    const found = await this.repository.list(filter);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      events: page.map((record) => ({ ...record, at: record.at.toISOString() })),
      next_cursor: last ? cursorOf(last) : null,
    };
  }
}
