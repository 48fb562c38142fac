import type { INestApplication } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { NatsTransport } from './nats-transport.js';
import { TcpTransport } from './tcp-transport.js';

/**
 * Adds the transports of the settings to the application; they start with `startAllMicroservices` and end with the
 * application. They inherit its guards, pipes and filter: without these, every message handler would be open.
 */
export function connectMicroservices(app: INestApplication, config: Config): void {
  const { MICROSERVICE_TCP: tcp, MICROSERVICE_NATS_URL: url, issuer } = config;
  const { MICROSERVICE_TLS_CERT: cert, MICROSERVICE_TLS_KEY: key } = config;
  const graceMs = config.SHUTDOWN_GRACE * 1000;
  const tls = cert !== undefined && key !== undefined ? { cert, key } : undefined;
  const transports = [
    ...(tcp ? [new TcpTransport({ ...tcp, issuer, graceMs, tls })] : []),
    ...(url === undefined ? [] : [new NatsTransport({ url, issuer, graceMs })]),
  ];
  for (const strategy of transports) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
}
