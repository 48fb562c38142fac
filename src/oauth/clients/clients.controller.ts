import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequireScope } from '../../access/decorators.js';
import { Clock } from '../../crypto/clock.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { noteForAudit } from '../../ops/audit/audit-note.js';
import { Audited } from '../../ops/audit/audited.js';
import { canonicalResource } from '../../resources/resource.js';
import { type Client, GRANT_TYPES } from './client.js';
import { parseClientMetadata } from './client-metadata.js';
import { ClientsRepository } from './clients.repository.js';
import { configuredClient } from './configured-client.js';

/** What only an operator may give a client, beside the metadata of RFC 7591. */
const OperatorGiven = z.object({
  own_scopes: z.array(z.string().min(1).max(100)).max(100).default([]),
  serves: z.array(z.string().max(500)).max(100).default([]),
});
const ClientAnswer = z.looseObject({
  client_id: z.string(),
  client_secret: z.string().optional().describe('only here'),
  own_scopes: z.array(z.string()),
  serves: z.array(z.string()),
});
const ClientsAnswer = z.object({ clients: z.array(ClientAnswer) });

const view = ({ clientId, metadata, ownScopes, serves }: Client) => ({
  client_id: clientId,
  ...metadata,
  own_scopes: [...ownScopes],
  serves: [...serves],
});

/** Clients that an operator makes: resource servers, agents with credentials of their own, apps with fixed ids. */
@ApiTags('Administration')
@Controller('admin/clients')
@RequireScope('admin')
export class ClientsController {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'List the clients made here' })
  @ApiResponse({ status: 200, description: 'The oldest first', standardSchema: ClientsAnswer })
  async list(): Promise<z.input<typeof ClientsAnswer>> {
    return { clients: (await this.clients.configured()).map(view) };
  }

  @Post()
  @Audited('client.created')
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Make a client' })
  @ApiBody({
    schema: {
      type: 'object',
      example: {
        client_name: 'Notes server',
        grant_types: ['client_credentials'],
        own_scopes: ['notes:read'],
        serves: ['https://notes.example.com/mcp'],
      },
    },
  })
  @ApiResponse({ status: 201, description: 'The client, with its secret', standardSchema: ClientAnswer })
  async make(@Body() body: unknown, @Req() request: FastifyRequest) {
    const given = OperatorGiven.safeParse(body ?? {});
    if (!given.success)
      throw new ToolgateError('invalid_input', { detail: 'own_scopes and serves must be lists of strings' });
    const metadata = this.metadataOf(body);
    const { client, secret } = configuredClient(metadata, {
      ownScopes: given.data.own_scopes,
      serves: given.data.serves.map((resource) => canonicalResource(resource) ?? resource),
    });
    await this.clients.insert(client, this.clock.now());
    noteForAudit(request, { object: client.clientId });
    return { ...view(client), ...(secret !== undefined && { client_secret: secret }) };
  }

  @Delete(':clientId')
  @Audited('client.removed')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a client and end all that was granted to it' })
  @ApiResponse({ status: 204, description: 'Removed' })
  async remove(@Param('clientId') clientId: string): Promise<void> {
    if (!(await this.clients.remove(clientId.slice(0, 2048), null, this.clock.now())))
      throw new ToolgateError('not_found', { detail: 'There is no client with this id.' });
  }

  private metadataOf(body: unknown) {
    try {
      return parseClientMetadata(body, GRANT_TYPES);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      throw new ToolgateError('invalid_input', { detail: error.description });
    }
  }
}
