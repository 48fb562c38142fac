import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from './api-description.js';
import { z } from 'zod';
import { Public } from '../access/decorators.js';
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.js';
import { ToolgateError } from '../errors/toolgate-error.js';

const ErrorDoc = z.object({
  code: z.string(),
  status: z.number().int(),
  title: z.string(),
  help: z.string(),
});
const isCode = (code: string): code is ErrorCode => Object.hasOwn(CATALOGUE, code);

/** RFC 9457 section 3.1.1: a problem's `type` leads to its documentation. */
@ApiTags('Operations')
@Controller('errors')
export class ErrorDocsController {
  @Public()
  @Get(':code')
  @ApiOperation({ summary: 'What an error code means and what to do' })
  @ApiResponse({ status: 200, description: 'The error', standardSchema: ErrorDoc })
  describe(@Param('code') code: string): z.input<typeof ErrorDoc> {
    if (!isCode(code)) throw new ToolgateError('not_found');
    return { code, ...CATALOGUE[code] };
  }
}
