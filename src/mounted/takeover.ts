import type { ServerResponse } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { addFirstHook } from './first-hook.js';
import { OPTIONAL_PATHS, type OptionalPath, OwnPaths } from './own-paths.js';

/** The start page is the host's, whether it has one or not. */
const HOME = '/';

type Service = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;

/**
 * Hands the requests that are the service's to it, as they came: nothing of the application around it has seen them, and
 * the application sees no others than before.
 */
export class Takeover {
  readonly paths: OwnPaths;
  private readonly open = new Set<ServerResponse>();
  private ready = false;

  constructor(
    private readonly service: Service,
    host: FastifyInstance,
    except: readonly OptionalPath[],
  ) {
    this.paths = new OwnPaths([...except, HOME]);
    service.addHook('onRoute', (route) => {
      this.paths.add(route);
    });
    addFirstHook(host, ({ raw }, reply, done) => {
      if (!this.ready || !this.paths.has(raw.url ?? '')) {
        done();
        return;
      }
      reply.hijack();
      this.open.add(reply.raw);
      reply.raw.once('close', () => this.open.delete(reply.raw));
      this.service.routing(raw, reply.raw);
    });
    host.addHook('onReady', (done) => {
      done(this.conflict(host));
    });
  }

  begin(): void {
    this.ready = true;
  }

  /** Cuts off what has not been answered. */
  cut(): void {
    for (const response of this.open) response.destroy();
  }

  private conflict(host: FastifyInstance): Error | undefined {
    const twice = this.paths.routes.filter(({ method, url }) => host.hasRoute({ method, url }));
    if (twice.length === 0) return undefined;
    const names = twice
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    return new Error(
      `The application has routes that are Toolgate's: ${names.join(', ')}. Give them other paths, or leave Toolgate's out by \`except\` (${OPTIONAL_PATHS.join(', ')}).`,
    );
  }
}
