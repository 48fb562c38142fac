import { Controller, Get, Header, Injectable, Res } from '@nestjs/common';
import { ApiExcludeController } from './api-description.js';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/decorators.js';
import { docsPage, STYLE_HASH } from './docs-page.js';

interface Made {
  readonly document: OpenAPIObject;
  readonly page: string;
}

/** The API's description, made from the finished application when it is first asked for. */
@Injectable()
export class ApiDocument {
  private make: (() => Promise<OpenAPIObject>) | undefined;
  private made: Promise<Made> | undefined;

  makeWith(make: () => Promise<OpenAPIObject>): void {
    this.make = make;
  }

  async get(): Promise<Made> {
    this.made ??= this.makeAll();
    return this.made;
  }

  private async makeAll(): Promise<Made> {
    const document = await this.make?.();
    if (!document) throw new Error('nobody told how to make the API document');
    return { document, page: docsPage(document) };
  }
}

@ApiExcludeController()
@Controller()
export class DocsController {
  constructor(private readonly api: ApiDocument) {}

  @Public()
  @Get('openapi.json')
  @Header('Cache-Control', 'public, max-age=300')
  async openapi(): Promise<OpenAPIObject> {
    return (await this.api.get()).document;
  }

  @Public()
  @Get('docs')
  async page(@Res() reply: FastifyReply): Promise<void> {
    const { page } = await this.api.get();
    await reply
      .header(
        'Content-Security-Policy',
        `default-src 'none'; style-src ${STYLE_HASH}; frame-ancestors 'none'; base-uri 'none'`,
      )
      .type('text/html; charset=utf-8')
      .send(page);
  }
}
