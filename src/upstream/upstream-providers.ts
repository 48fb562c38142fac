import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import type { UpstreamProvider } from '../config/upstream-providers.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { discover } from './discovery.js';
import { identify } from './identify.js';
import { UpstreamStrategy } from './upstream.strategy.js';

/** What a provider says of itself is asked anew after this long. */
const KEPT_MS = 3600_000;

interface Connection {
  readonly strategy: Promise<UpstreamStrategy>;
  readonly since: number;
}

/** The configured providers, each with its strategy once its discovery has been read. */
@Injectable()
export class UpstreamProviders implements OnApplicationBootstrap {
  private readonly log = new Logger(UpstreamProviders.name);
  private readonly connections = new Map<string, Connection>();

  constructor(
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** A wrong issuer shows at the start; a provider that is down then stops nobody from using the others. */
  onApplicationBootstrap(): void {
    for (const { id } of this.config.UPSTREAM_PROVIDERS)
      this.strategy(id).catch((error: unknown) => {
        this.log.warn(`provider ${id} cannot be used yet: ${(error as Error).message}`);
      });
  }

  list(): readonly UpstreamProvider[] {
    return this.config.UPSTREAM_PROVIDERS;
  }

  /** @throws ToolgateError `not_found` */
  find(id: string): UpstreamProvider {
    const provider = this.list().find((one) => one.id === id);
    if (!provider)
      throw new ToolgateError('not_found', { detail: 'There is no such provider to sign in with' });
    return provider;
  }

  /** @throws ToolgateError `not_found`; UpstreamError when it cannot be reached or is not what was configured */
  async strategy(id: string): Promise<UpstreamStrategy> {
    const now = this.clock.now().getTime();
    const known = this.connections.get(id);
    if (known && now - known.since < KEPT_MS) return known.strategy;
    const strategy = this.connect(this.find(id));
    this.connections.set(id, { strategy, since: now });
    try {
      return await strategy;
    } catch (error) {
      this.connections.delete(id);
      throw error;
    }
  }

  private async connect(provider: UpstreamProvider): Promise<UpstreamStrategy> {
    const endpoints = await discover(provider);
    const callback = `${this.config.issuer}/login/${provider.id}/callback`;
    return new UpstreamStrategy(provider, endpoints, callback, (tokens, { nonce }) =>
      identify(provider, endpoints, tokens, { nonce, now: this.clock.now() }),
    );
  }
}
