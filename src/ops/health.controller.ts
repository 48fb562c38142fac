import { type BeforeApplicationShutdown, Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from './api-description.js';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Public } from '../access/decorators.js';
import { Database } from '../database/database.js';

const Health = z.object({ status: z.literal('ok') });
const Readiness = z.object({
  status: z.enum(['ready', 'unavailable']),
  database: z.enum(['ok', 'unreachable']),
});
const PING = { name: 'ping', text: 'SELECT 1' };

@ApiTags('Operations')
@Controller()
export class HealthController implements BeforeApplicationShutdown {
  private stopping = false;

  constructor(private readonly database: Database) {}

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  @Public()
  @Get('healthz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Is the process alive' })
  @ApiResponse({ status: 200, description: 'Alive', standardSchema: Health })
  health(): z.input<typeof Health> {
    return { status: 'ok' };
  }

  @Public()
  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Can the service answer: it is not stopping and Postgres is there' })
  @ApiResponse({ status: 200, description: 'Ready', standardSchema: Readiness })
  @ApiResponse({ status: 503, description: 'Not now', standardSchema: Readiness })
  async readiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<z.input<typeof Readiness>> {
    const database = await this.database.queryApart('watch', PING, []).then(
      () => 'ok' as const,
      () => 'unreachable' as const,
    );
    if (database === 'ok' && !this.stopping) return { status: 'ready', database };
    void reply.status(503);
    return { status: 'unavailable', database };
  }
}
