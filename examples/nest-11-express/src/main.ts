import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { mcp } from './mcp';

async function start() {
  const app = await NestFactory.create(AppModule);
  app.connectMicroservice({ strategy: mcp });
  await app.startAllMicroservices();
  await app.listen(process.env['PORT'] ?? 3000);
}

void start();
