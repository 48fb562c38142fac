import 'reflect-metadata';
import { Controller, Get, Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  McpController,
  McpHttpControllerFor,
  McpStrategy,
  StreamableHttpTransport,
  Tool,
  ToolScopes,
} from '@rekog/mcp-nest';
import { answers, jwks, verify, whoami } from './mcp.mjs';
import { port, ready } from './worker.mjs';

/* As its documentation shows an authenticated server: a guard on the controller, scopes on the tool; on Fastify, the faster one. */
const transport = new StreamableHttpTransport();
const strategy = new McpStrategy({ name: 'peer', version: '1.0.0', transports: [transport], logging: false });

class TokenGuard {
  async canActivate(context) {
    const request = context.switchToHttp().getRequest();
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new UnauthorizedException();
    try {
      // Of what Nest's Fastify calls the request it reads the one of node:http.
      request.raw.user = await verify(token);
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}
Injectable()(TokenGuard);

class Endpoint extends McpHttpControllerFor(transport) {}
Controller('mcp')(Endpoint);
UseGuards(TokenGuard)(Endpoint);

class Tools {
  whoami(context) {
    const { sub, sid, client_id, scope } = context.getRawRequest().user;
    return whoami({ sub, sid, client_id, scopes: scope.split(' ') });
  }
}
const method = Object.getOwnPropertyDescriptor(Tools.prototype, 'whoami');
Ctx()(Tools.prototype, 'whoami', 0);
Tool({ name: 'whoami', description: 'Who calls' })(Tools.prototype, 'whoami', method);
ToolScopes(['notes:read'])(Tools.prototype, 'whoami', method);
McpController()(Tools);

class Keys {
  jwks() {
    return jwks;
  }
}
Get('jwks')(Keys.prototype, 'jwks', Object.getOwnPropertyDescriptor(Keys.prototype, 'jwks'));
Controller()(Keys);

class App {}
Module({ controllers: [Tools, Endpoint, Keys], providers: [TokenGuard] })(App);

const app = await NestFactory.create(App, new FastifyAdapter(), { logger: ['error'] });
strategy.setHttpAdapter(app.getHttpAdapter());
app.connectMicroservice({ strategy });
await app.startAllMicroservices();
await app.listen(port, '127.0.0.1');
ready(answers);
