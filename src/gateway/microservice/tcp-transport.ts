import type { Socket } from 'node:net';
import { ServerTCP, type TcpContext, TcpSocket, type WritePacket } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { ListenAddress } from '../../config/microservice.js';
import {
  IDLE_MS,
  LARGEST_MESSAGE,
  MOST_CONNECTIONS,
  MOST_UNREAD,
  STALLED_MS,
  STRANGER_MS,
} from './bounds.js';
import { InFlight } from './in-flight.js';
import { isGuessing, MALFORMED, readPacket } from './packet.js';

export interface TcpOptions extends ListenAddress {
  readonly issuer: string;
  readonly graceMs: number;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

/**
 * Nest's TCP server for callers that are strangers until they prove otherwise: bounds on size, number and time, answers to
 * what is malformed, nothing of a message in the log, and a stop that answers what came before it.
 */
export class TcpTransport extends ServerTCP {
  private readonly inFlight: InFlight;
  private readonly deadlines = new WeakMap<Socket, NodeJS.Timeout>();

  constructor(private readonly settings: TcpOptions) {
    super({
      host: settings.host,
      port: settings.port,
      maxBufferSize: LARGEST_MESSAGE,
      maxSendBufferSize: MOST_UNREAD,
      incompleteMessageTimeout: STALLED_MS,
      ...(settings.tls && { tlsOptions: { ...settings.tls, handshakeTimeout: STALLED_MS } }),
    });
    this.inFlight = new InFlight(settings.issuer);
    this.server.maxConnections = MOST_CONNECTIONS;
  }

  /** Nest tells its caller of two errors alone; any other would leave the start waiting. */
  override listen(callback: (error?: unknown) => void): void {
    this.server.once('error', callback);
    super.listen((error) => {
      this.server.off('error', callback);
      callback(error);
    });
  }

  override bindHandler(socket: Socket): void {
    const destroy = () => {
      socket.destroy();
    };
    const deadline = setTimeout(destroy, STRANGER_MS);
    this.deadlines.set(socket, deadline);
    socket.setKeepAlive(true);
    socket.on('timeout', destroy);
    socket.on('close', () => {
      clearTimeout(deadline);
    });
    super.bindHandler(socket);
    // What cannot be read as a frame has no end that could be waited for.
    socket.on('error', destroy);
  }

  override async handleMessage(socket: TcpSocket, raw: unknown): Promise<void> {
    const packet = readPacket(raw);
    if (packet) {
      await super.handleMessage(socket, packet);
      return;
    }
    socket.sendMessage(MALFORMED);
    this.socketOf(socket).destroySoon();
  }

  protected override handleRequest(
    context: TcpContext,
    produce: () => Promise<Observable<unknown>>,
    respond: (packet: WritePacket) => void,
  ): void {
    const peer = context.getSocketRef();
    super.handleRequest(
      context,
      () => this.inFlight.run(peer, produce),
      (packet) => {
        const err: unknown = packet.err;
        respond(packet);
        if (isGuessing(err)) this.socketOf(peer).destroySoon();
        else if (err === undefined) this.welcome(this.socketOf(peer));
      },
    );
  }

  /** Nest waits for it, whatever its type says. */
  override close(): unknown {
    return this.leave();
  }

  /** Takes no more, answers what came, and leaves. */
  private async leave(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.openSockets) socket.pause();
    await this.inFlight.idle(this.settings.graceMs);
    for (const socket of this.openSockets) socket.destroySoon();
    const impatience = setTimeout(() => {
      this.closeOpenSockets();
    }, this.settings.graceMs);
    this.isManuallyTerminated = true;
    await closed;
    clearTimeout(impatience);
  }

  /** What failed, and nothing of what was sent: Nest's errors quote it. */
  protected override handleError(error: unknown): void {
    const { name, code } = error as { name?: string; code?: string };
    this.logger.debug?.({ reason: 'a message or connection failed', name, code });
  }

  private welcome(socket: Socket): void {
    clearTimeout(this.deadlines.get(socket));
    socket.setTimeout(IDLE_MS);
  }

  private socketOf(peer: TcpSocket): Socket {
    return peer.netSocket;
  }
}
