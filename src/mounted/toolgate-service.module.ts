import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import {
  type AbstractHttpAdapter,
  APP_GUARD,
  DiscoveryModule,
  DiscoveryService,
  HttpAdapterHost,
} from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { mountedConfig } from '../config/mounted-settings.js';
import { MountedService } from './mounted-service.js';
import type { ModuleOptions, ServiceAsyncOptions, ServiceOptions } from './options.js';
import { ToolgateCredentials } from './toolgate-credentials.js';
import { ToolgateGuard } from './toolgate.guard.js';
import { ToolgateKeys } from './toolgate-keys.js';
import { ToolgateUsers } from './toolgate-users.js';

const OPTIONS = 'toolgate:service-options';

/** What the application may ask for. Each is made of the running service. */
const OFFERED = [ToolgateCredentials, ToolgateGuard, ToolgateKeys, ToolgateUsers];

/** Express would have read the body by the time that a module sees a request. */
function fastifyOf(host: HttpAdapterHost): FastifyInstance | undefined {
  // Absent in an application context, whatever the type says.
  const httpAdapter = host.httpAdapter as AbstractHttpAdapter | null | undefined;
  const type = httpAdapter?.getType();
  if (type === 'fastify') return httpAdapter?.getInstance<FastifyInstance>();
  if (type === 'express')
    throw new Error('ToolgateServiceModule needs the FastifyAdapter of @nestjs/platform-fastify');
  return undefined;
}

/**
 * Owns the service's life inside another application, and what that application may ask of it.
 * Does not own anything of the service: it is the same application that `start` runs, given the requests that are its own
 * (docs/adr/0016).
 */
@Module({})
export class ToolgateServiceModule implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(private readonly service: MountedService) {}

  /** @throws ConfigError naming every bad setting and printing no value. */
  static forRoot(options: ServiceOptions & ModuleOptions): DynamicModule {
    // At once: bad settings should end the start where they are written.
    mountedConfig(options.settings);
    return this.with([{ provide: OPTIONS, useValue: options }], options);
  }

  static forRootAsync({ imports, inject, useFactory, ...options }: ServiceAsyncOptions): DynamicModule {
    const provider = { provide: OPTIONS, inject: inject ?? [], useFactory } as Provider;
    const made = this.with([provider], options);
    return { ...made, imports: [...(made.imports ?? []), ...(imports ?? [])] };
  }

  private static with(providers: Provider[], { guardEveryRoute = false }: ModuleOptions): DynamicModule {
    return {
      module: ToolgateServiceModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        ...providers,
        {
          provide: MountedService,
          inject: [OPTIONS, HttpAdapterHost, DiscoveryService],
          useFactory: async (options: ServiceOptions, host: HttpAdapterHost, discovery: DiscoveryService) =>
            MountedService.start(options, { fastify: fastifyOf(host), providers: discovery }),
        },
        ...OFFERED.map((one) => ({
          provide: one,
          inject: [MountedService],
          useFactory: (service: MountedService) => new one(service),
        })),
        ...(guardEveryRoute ? [{ provide: APP_GUARD, useExisting: ToolgateGuard }] : []),
      ],
      // A guard that a route names is made in the module of that route.
      exports: [MountedService, ...OFFERED],
    };
  }

  async onModuleInit(): Promise<void> {
    await this.service.begin();
  }

  beforeApplicationShutdown(): void {
    this.service.beginClosing();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.service.end();
  }
}
