import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ScopeRules } from '../access/scope-rules.js';
import type { AdmissionOptions } from '../guard/admission.js';
import { createResourceGuard, type ResourceGuardOptions } from '../guard/create-guard.js';
import type { ResourceGuard } from '../guard/resource-guard.js';
import { ToolgateMetadataController } from './metadata.controller.js';
import { RESOURCE_GUARD, TOOLGATE_OPTIONS } from './tokens.js';
import { ToolgateErrorFilter } from './toolgate-error.filter.js';
import { ToolgateGuard } from './toolgate.guard.js';

export interface ToolgateOptions extends ResourceGuardOptions, AdmissionOptions {}

export interface ToolgateAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: (string | symbol | (abstract new (...parameters: never[]) => unknown))[];
  // What is injected is the application's business.
  readonly useFactory: (...injected: never[]) => ToolgateOptions | Promise<ToolgateOptions>;
}

/** The names of Nest's own tokens, which are strings, and the same in 11 and 12. */
const APP_GUARD = 'APP_GUARD';
const APP_FILTER = 'APP_FILTER';

/**
 * Owns what another application needs to be guarded: the global guard, the metadata routes, the rendering of refusals.
 * Does not own, nor import, anything of the service. Of Nest it uses decorators and types alone, so that it works in an
 * application of another Nest than this package came with (docs/adr/0009).
 */
@Module({})
export class ToolgateModule {
  static forRoot(options: ToolgateOptions): DynamicModule {
    // At once: bad options should end the start where they are written.
    const guard = createResourceGuard(options);
    return this.with([
      { provide: TOOLGATE_OPTIONS, useValue: options },
      { provide: RESOURCE_GUARD, useValue: guard },
    ]);
  }

  static forRootAsync({ imports, inject, useFactory }: ToolgateAsyncOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: TOOLGATE_OPTIONS, inject: inject ?? [], useFactory } as Provider,
      { provide: RESOURCE_GUARD, inject: [TOOLGATE_OPTIONS], useFactory: createResourceGuard },
    ];
    return { ...this.with(providers), imports: imports ?? [] };
  }

  private static with(providers: Provider[]): DynamicModule {
    return {
      module: ToolgateModule,
      global: true,
      controllers: [ToolgateMetadataController],
      providers: [
        ...providers,
        {
          provide: APP_GUARD,
          inject: [RESOURCE_GUARD, TOOLGATE_OPTIONS],
          useFactory: (guard: ResourceGuard, options: ToolgateOptions) =>
            new ToolgateGuard(guard, options, new ScopeRules(options.scopeHierarchy)),
        },
        {
          provide: APP_FILTER,
          inject: [RESOURCE_GUARD],
          useFactory: (guard: ResourceGuard) => new ToolgateErrorFilter(guard),
        },
      ],
      exports: [RESOURCE_GUARD],
    };
  }
}
