import { Controller, Delete, Get, Header, HttpCode, Param } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import { z } from 'zod';
import { Caller, RequireScope } from '../../access/decorators.js';
import { personOf, type Principal } from '../../access/principal.js';
import { Clock } from '../../crypto/clock.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { Audited } from '../../ops/audit/audited.js';
import { Revocations } from '../../tokens/revocations.js';
import { GrantsRepository } from './grants.repository.js';

const GrantsAnswer = z.object({
  grants: z.array(
    z.object({
      id: z.uuid(),
      client_id: z.string(),
      client_name: z.string().nullable(),
      resource: z.string(),
      scopes: z.array(z.string()),
      redirect_uris: z.array(z.string()),
      created_at: z.iso.datetime(),
      updated_at: z.iso.datetime(),
    }),
  ),
});

/** What a person allowed clients to do, remembered. */
@ApiTags('Grants')
@Controller('auth/grants')
@RequireScope('sessions:write')
export class GrantsController {
  constructor(
    private readonly grants: GrantsRepository,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'List what I allowed clients to do' })
  @ApiResponse({ status: 200, description: 'The last changed first', standardSchema: GrantsAnswer })
  async list(@Caller() caller: Principal): Promise<z.input<typeof GrantsAnswer>> {
    const grants = await this.grants.list(personOf(caller));
    return {
      grants: grants.map((grant) => ({
        id: grant.id,
        client_id: grant.clientId,
        client_name: grant.clientName,
        resource: grant.resource,
        scopes: [...grant.scopes],
        redirect_uris: [...grant.redirectUris],
        created_at: grant.createdAt.toISOString(),
        updated_at: grant.updatedAt.toISOString(),
      })),
    };
  }

  @Delete(':id')
  @Audited('grant.revoked')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take a grant back: the client is out, everywhere, within a second' })
  @ApiResponse({ status: 204, description: 'Taken back' })
  async revoke(@Param('id') id: string, @Caller() caller: Principal): Promise<void> {
    const ended = z.uuid().safeParse(id).success
      ? await this.grants.revoke(id, personOf(caller), this.clock.now())
      : undefined;
    if (!ended) throw new ToolgateError('not_found', { detail: 'You have no grant with this id.' });
    for (const session of ended) this.revocations.noteEnded(session);
  }
}
