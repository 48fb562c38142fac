import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { credentialOf } from '../access/credential.js';
import { Caller, RequireScope } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { keyPrefix } from './key-format.js';
import type { KeyRecord } from './keys.repository.js';
import { CreateKeyBody, KeyAnswer, KeysAnswer, RotateKeyBody } from './keys.schemas.js';
import { type FreshKey, KeysService } from './keys.service.js';

const iso = (time: Date | null): string | null => time?.toISOString() ?? null;

function view(record: KeyRecord) {
  return {
    id: record.id,
    prefix: keyPrefix(record.id),
    name: record.name,
    resource: record.resource,
    scopes: record.scopes,
    allowed_cidrs: record.allowedCidrs,
    created_at: record.createdAt.toISOString(),
    expires_at: iso(record.expiresAt),
    last_used_at: iso(record.lastUsedAt),
    rotated_at: iso(record.rotatedAt),
    previous_expires_at: iso(record.previousExpiresAt),
  };
}
const freshView = (fresh: FreshKey): z.input<typeof KeyAnswer> => ({ ...view(fresh), key: fresh.key });

function requireUuid(id: string): string {
  if (!z.uuid().safeParse(id).success)
    throw new ToolgateError('not_found', { detail: 'You have no living key with this id.' });
  return id;
}

@ApiTags('API keys')
@Controller('keys')
@RequireScope('keys:write')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  @Post()
  @Audited('key.created')
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Make an API key; its secret is shown once' })
  @ApiResponse({ status: 201, description: 'Made', standardSchema: KeyAnswer })
  async create(
    @Body({ schema: CreateKeyBody }) body: z.output<typeof CreateKeyBody>,
    @Caller() caller: Principal,
    @Req() request: FastifyRequest,
  ) {
    const { name, resource, scopes, expires_in: expiresIn, allowed_cidrs: allowedCidrs } = body;
    const asked = { name, resource, scopes, expiresIn, allowedCidrs };
    const made = await this.keys.create(caller, asked, credentialOf(request.headers)?.value);
    noteForAudit(request, { object: made.id });
    return freshView(made);
  }

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'List my API keys' })
  @ApiResponse({ status: 200, description: 'Newest first', standardSchema: KeysAnswer })
  async list(@Caller() caller: Principal): Promise<z.input<typeof KeysAnswer>> {
    return { keys: (await this.keys.list(caller)).map(view) };
  }

  @Delete(':id')
  @Audited('key.revoked')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key' })
  @ApiResponse({ status: 204, description: 'Revoked' })
  async revoke(@Param('id') id: string, @Caller() caller: Principal): Promise<void> {
    await this.keys.revoke(caller, requireUuid(id));
  }

  @Post(':id/rotate')
  @Audited('key.rotated')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Give an API key a new secret' })
  @ApiResponse({ status: 200, description: 'The key with its new secret', standardSchema: KeyAnswer })
  async rotate(
    @Param('id') id: string,
    @Body({ schema: RotateKeyBody }) body: z.output<typeof RotateKeyBody>,
    @Caller() caller: Principal,
    @Req() request: FastifyRequest,
  ) {
    const presented = credentialOf(request.headers)?.value;
    return freshView(await this.keys.rotate(caller, requireUuid(id), body?.overlap ?? 0, presented));
  }
}
