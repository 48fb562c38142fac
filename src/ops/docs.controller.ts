import { Controller, Get, Header, Injectable, Res } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/decorators.js';
import { docsPage, STYLE_HASH } from './docs-page.js';

/** The API's description, made once from the finished application. */
@Injectable()
export class ApiDocument {
  private made: { document: OpenAPIObject; page: string } | undefined;

  set(document: OpenAPIObject): void {
    this.made = { document, page: docsPage(document) };
  }

  get(): { document: OpenAPIObject; page: string } {
    if (!this.made) throw new Error('the API document is not made yet');
    return this.made;
  }
}

@ApiExcludeController()
@Controller()
export class DocsController {
  constructor(private readonly api: ApiDocument) {}

  @Public()
  @Get('openapi.json')
  @Header('Cache-Control', 'public, max-age=300')
  openapi(): OpenAPIObject {
    return this.api.get().document;
  }

  @Public()
  @Get('docs')
  page(@Res() reply: FastifyReply): void {
    void reply
      .header(
        'Content-Security-Policy',
        `default-src 'none'; style-src ${STYLE_HASH}; frame-ancestors 'none'; base-uri 'none'`,
      )
      .type('text/html; charset=utf-8')
      .send(this.api.get().page);
  }
}
