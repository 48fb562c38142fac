import { Controller, Get } from '@nestjs/common';
import type { Principal } from 'toolgate/guard';
import { Caller, Public, RequireScope } from 'toolgate/nest';

/** Routes beside /mcp are closed as well, unless they say otherwise. */
@Controller()
export class RestController {
  @Get('me')
  @RequireScope('notes:read')
  me(@Caller() { kind, scopes }: Principal) {
    return { kind, scopes };
  }

  @Public()
  @Get('health')
  health() {
    return { ok: true };
  }
}
