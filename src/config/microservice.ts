import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';

/** Where messages are taken over TCP. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:4010`, `[::1]:4010`, `localhost:4010`. */
export const listenAddress = z.string().transform((text, context): ListenAddress => {
  const [, bracketed, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || Number(port) > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    context.addIssue({ code: 'custom', message: 'must be host:port, such as 127.0.0.1:4010' });
    return z.NEVER;
  }
  return { host, port: Number(port) };
});

export const natsUrl = z
  .string()
  .refine(
    (text) =>
      /^(?:nats|tls):\/\/[^/]/.test(text) && URL.canParse(text) && /^\/?$/.test(new URL(text).pathname),
    'must be a nats:// or tls:// URL of one server, without a path',
  );

interface MicroserviceSettings {
  readonly MICROSERVICE_TCP?: ListenAddress | undefined;
  readonly MICROSERVICE_NATS_URL?: string | undefined;
  readonly MICROSERVICE_TLS_CERT?: string | undefined;
  readonly MICROSERVICE_TLS_KEY?: string | undefined;
  readonly MICROSERVICE_PLAINTEXT: boolean;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

function usable(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

/** Callers send their secret in each message: it must not cross a network in the clear. */
export function* microserviceProblems(settings: MicroserviceSettings): Generator<string> {
  const { MICROSERVICE_TCP: tcp, MICROSERVICE_NATS_URL: nats } = settings;
  const { MICROSERVICE_TLS_CERT: cert, MICROSERVICE_TLS_KEY: key, MICROSERVICE_PLAINTEXT: plain } = settings;
  if ((cert === undefined) !== (key === undefined))
    yield 'MICROSERVICE_TLS_CERT and MICROSERVICE_TLS_KEY must be set together';
  else if (cert !== undefined && key !== undefined && !usable(cert, key))
    yield 'MICROSERVICE_TLS_CERT and MICROSERVICE_TLS_KEY must be a certificate and its key, both PEM';
  if (tcp && cert === undefined && !plain && !LOOPBACK.test(tcp.host))
    yield 'MICROSERVICE_TCP must be a loopback address unless MICROSERVICE_TLS_CERT is set (or MICROSERVICE_PLAINTEXT=true)';
  if (nats?.startsWith('nats:') === true && !plain && !LOOPBACK.test(new URL(nats).hostname))
    yield 'MICROSERVICE_NATS_URL must be tls:// unless the server is on loopback (or MICROSERVICE_PLAINTEXT=true)';
}
