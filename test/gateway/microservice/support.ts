import { once } from 'node:events';
import { connect, type Server } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import type { TestService } from '../../support/harness.js';

export const TCP = { MICROSERVICE_TCP: '127.0.0.1:0' };

export function portOf(service: TestService): number {
  const address = service.app.getMicroservices()[0]?.unwrap<Server>().address();
  if (typeof address !== 'object' || !address) throw new Error('no TCP there');
  return address.port;
}

export const tcpClient = (port: number, tlsOptions?: ConnectionOptions): ClientProxy =>
  ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port, ...(tlsOptions && { tlsOptions }) },
  });

export const frame = (message: unknown): string => {
  const text = JSON.stringify(message);
  return `${text.length}#${text}`;
};

/** Sends without reading, until the server takes no more for a second. */
export async function sendUnread(port: number, text: string, most: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  socket.on('error', () => undefined);
  let sent = 0;
  for (let taken = true; taken && sent < most;) {
    taken = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, 1000, false);
      socket.write(text, (error) => {
        clearTimeout(timer);
        resolve(!error);
      });
    });
    if (taken) sent += text.length;
  }
  socket.destroy();
  return sent;
}

export interface RawPeer {
  send(text: string): void;
  /** What came so far. */
  text(): string;
  readonly closed: Promise<unknown>;
  end(): void;
}

export async function rawPeer(port: number): Promise<RawPeer> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // A server that lets go while we still send resets the connection.
  socket.on('error', () => undefined);
  return {
    send: (what) => {
      socket.write(what);
    },
    text: () => text,
    closed: new Promise((resolve) => socket.once('close', resolve)),
    end: () => {
      socket.destroy();
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
