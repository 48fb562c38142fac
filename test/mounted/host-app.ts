import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import {
  type ArgumentsHost,
  type ArgumentMetadata,
  BadRequestException,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  ConsoleLogger,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  HttpException,
  Injectable,
  type INestApplication,
  Module,
  type NestInterceptor,
  type PipeTransform,
  Post,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import type { FastifyReply } from 'fastify';
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm';
import { z } from 'zod';
import { reservePort } from '../support/port.js';
import {
  Caller,
  type MountedSettings,
  type Principal,
  Public,
  RequireScope,
  type ServiceOptions,
  Tool,
  type ToolCall,
  ToolgateGuard,
  ToolgateServiceModule,
} from '../../src/entry/service.js';
import { MountedService } from '../../src/mounted/mounted-service.js';
import { callerOf, TestClock, type TestService } from '../support/harness.js';
import { createDatabase, queryOnce } from '../support/postgres.js';

@Entity()
export class Page {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  title!: string;
}

const Titles = z.object({ titles: z.array(z.string()), caller: z.string() });

/** Tools of the application, on its own data. */
@Injectable()
class PageTools {
  constructor(@InjectRepository(Page) private readonly pages: Repository<Page>) {}

  @Tool({ name: 'pages_list', description: 'Lists the pages', input: z.object({}), output: Titles })
  @RequireScope('pages:read')
  async list(_input: object, { principal }: ToolCall) {
    const pages = await this.pages.find();
    return { titles: pages.map(({ title }) => title), caller: principal.kind };
  }

  @Tool({
    name: 'pages_write',
    description: 'Writes a page',
    input: z.object({ title: z.string() }),
    output: z.object({ id: z.number() }),
  })
  @RequireScope('pages:write')
  async write({ title }: { title: string }) {
    const { id } = await this.pages.save(this.pages.create({ title }));
    return { id };
  }
}

@Controller('pages')
class PagesController {
  constructor(@InjectRepository(Page) private readonly pages: Repository<Page>) {}

  @Public()
  @Get()
  async list() {
    return this.pages.find();
  }

  @Public()
  @Post()
  async write(@Body() page: { title: string }) {
    return this.pages.save(this.pages.create(page));
  }

  @Public()
  @Get('broken')
  broken() {
    throw new Error('of the application itself');
  }

  @Get('mine')
  @UseGuards(ToolgateGuard)
  @RequireScope('pages:read')
  mine(@Caller() { kind }: Principal) {
    return { kind };
  }
}

/** All that an application may have globally, each of which would break the service if it reached it. */
@Injectable()
class HostGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-host'] === 'closed') throw new ForbiddenException('closed by the host');
    return true;
  }
}
@Catch()
class HostFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    void host.switchToHttp().getResponse<FastifyReply>().status(status).send({ host_says: status });
  }
}
class HostInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    void context.switchToHttp().getResponse<FastifyReply>().header('x-host-interceptor', 'yes');
    return next.handle();
  }
}
class HostPipe implements PipeTransform {
  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    if (type === 'body' && !(typeof value === 'object' && value !== null && 'title' in value))
      throw new BadRequestException('a page has a title');
    return value;
  }
}
class FileLogger extends ConsoleLogger {
  protected override printMessages(messages: unknown[]): void {
    const folder = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'logs');
    appendFileSync(
      join(folder, `${process.pid}-host`),
      `${messages.map((message) => JSON.stringify(message)).join('\n')}\n`,
    );
  }
}

export function withGlobals(app: NestFastifyApplication): void {
  app.setGlobalPrefix('api');
  app.enableCors({ origin: 'https://host.example' });
  app.use(
    (_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
      response.setHeader('x-host-middleware', 'yes');
      next();
    },
  );
  app.useGlobalGuards(new HostGuard());
  app.useGlobalFilters(new HostFilter());
  app.useGlobalInterceptors(new HostInterceptor());
  app.useGlobalPipes(new HostPipe());
}

export interface HostOptions {
  readonly settings?: MountedSettings;
  readonly except?: ServiceOptions['except'];
  readonly guardEveryRoute?: boolean;
  readonly controllers?: Type[];
  readonly configure?: (app: NestFastifyApplication) => void;
}

export interface Hosted extends TestService {
  readonly host: NestFastifyApplication;
}

/** An application with its own tables in a schema of its own, and the service in it. */
export async function hostApp(options: HostOptions = {}) {
  const port = await reservePort();
  const url = `http://127.0.0.1:${port}`;
  const databaseUrl = await createDatabase();
  await queryOnce(databaseUrl, 'CREATE SCHEMA host');
  const masterKey = randomBytes(32);
  const settings = {
    NODE_ENV: 'test',
    PUBLIC_URL: url,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: 4,
    MASTER_KEY: masterKey.toString('base64'),
    LOGIN_LIMIT_ADDRESS: 100_000,
    REGISTER_LIMIT_ADDRESS: 100_000,
    SHUTDOWN_GRACE: 1,
    DEFAULT_USER_SCOPES: 'mcp:write keys:write sessions:write',
    ...options.settings,
  } satisfies MountedSettings;
  @Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: databaseUrl,
        schema: 'host',
        synchronize: true,
        autoLoadEntities: true,
        poolSize: 2,
      }),
      TypeOrmModule.forFeature([Page]),
      ToolgateServiceModule.forRootAsync({
        useFactory: () => ({ settings, ...(options.except && { except: options.except }) }),
        ...(options.guardEveryRoute && { guardEveryRoute: true }),
      }),
    ],
    controllers: [PagesController, ...(options.controllers ?? [])],
    providers: [PageTools],
  })
  class Host {}
  const host = await NestFactory.create<NestFastifyApplication>(Host, new FastifyAdapter(), {
    logger: new FileLogger(),
    abortOnError: false,
  });
  options.configure?.(host);
  return { host, url, port, databaseUrl, masterKey };
}

export async function startHosted(options: HostOptions = {}): Promise<Hosted> {
  const { host, url, port, ...made } = await hostApp(options);
  try {
    await host.listen(port, '127.0.0.1');
  } catch (error) {
    await (host as INestApplication).close();
    throw error;
  }
  const { app, config } = host.get(MountedService);
  return {
    ...made,
    ...callerOf(url),
    host,
    url,
    app,
    config,
    clock: new TestClock(),
    stop: () => host.close(),
  };
}
