import type { ModuleMetadata } from '@nestjs/common';
import type { MountedSettings } from '../config/mounted-settings.js';
import type { OptionalPath } from './own-paths.js';

export interface ServiceOptions {
  /** As in docs/configuration.md. Nothing is read from the environment; see `settingsFromEnvironment`. */
  readonly settings: MountedSettings;
  /** Paths of the service that the application keeps for itself. */
  readonly except?: readonly OptionalPath[];
}

export interface ModuleOptions {
  /** Closes every route of the application too, unless it is `@Public()`. Default: only where `ToolgateGuard` is named. */
  readonly guardEveryRoute?: boolean;
}

export interface ServiceAsyncOptions extends Pick<ModuleMetadata, 'imports'>, ModuleOptions {
  readonly inject?: (string | symbol | (abstract new (...parameters: never[]) => unknown))[];
  // What is injected is the application's business.
  readonly useFactory: (...injected: never[]) => ServiceOptions | Promise<ServiceOptions>;
}
