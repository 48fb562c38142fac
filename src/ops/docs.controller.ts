import { Controller, Get, Header, Injectable, Res } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/decorators.js';
import { docsPage, STYLE_HASH } from './docs-page.js';

/** The API's description, made from the finished application when it is first asked for. */
@Injectable()
export class ApiDocument {
  private make: (() => OpenAPIObject) | undefined;
  private made: { document: OpenAPIObject; page: string } | undefined;

  makeWith(make: () => OpenAPIObject): void {
    this.make = make;
  }

  get(): { document: OpenAPIObject; page: string } {
    if (!this.made) {
      const document = this.make?.();
      if (!document) throw new Error('nobody told how to make the API document');
      this.made = { document, page: docsPage(document) };
    }
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
