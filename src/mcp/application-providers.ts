import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/** The application that this one is mounted in; undefined where it stands alone. */
export const HOST_PROVIDERS = Symbol('toolgate:host-providers');

/** Every provider that may offer tools, prompts, resources or policies. */
@Injectable()
export class ApplicationProviders {
  constructor(
    private readonly own: DiscoveryService,
    @Inject(HOST_PROVIDERS) private readonly host: DiscoveryService | undefined,
  ) {}

  all(): ReturnType<DiscoveryService['getProviders']> {
    return [...this.own.getProviders(), ...(this.host?.getProviders() ?? [])];
  }
}
