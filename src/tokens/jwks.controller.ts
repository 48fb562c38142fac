import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import { z } from 'zod';
import { Public } from '../access/decorators.js';
import { KeyRing } from './key-ring.js';

const Jwks = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), alg: z.string(), use: z.string() })),
});

@ApiTags('Discovery')
@Controller('.well-known/jwks.json')
export class JwksController {
  constructor(private readonly keys: KeyRing) {}

  @Public()
  @Get()
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ summary: 'The public keys that verify access tokens (RFC 7517)' })
  @ApiResponse({ status: 200, description: 'The key set', standardSchema: Jwks })
  jwks() {
    return this.keys.jwks();
  }
}
