import { Logger } from '@nestjs/common';
import type { DestinationStream } from 'pino';

/** Lines that Fastify and the access log write go where the application around this one logs. */
export class HostLog implements DestinationStream {
  private readonly logger = new Logger('Toolgate');

  write(line: string): void {
    const text = line.trimEnd();
    switch ((JSON.parse(text) as { level: string }).level) {
      case 'fatal':
      case 'error':
        this.logger.error(text);
        break;
      case 'warn':
        this.logger.warn(text);
        break;
      case 'info':
        this.logger.log(text);
        break;
      default:
        this.logger.debug(text);
    }
  }
}
