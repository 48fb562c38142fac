import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { type NatsContext, type NatsOptions, ServerNats, type WritePacket } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { LARGEST_MESSAGE, MOST_IN_FLIGHT } from './bounds.js';
import { InFlight } from './in-flight.js';
import { MALFORMED, readPacket } from './packet.js';

interface Options {
  readonly url: string;
  readonly issuer: string;
  readonly graceMs: number;
}

/** One of them answers each message. */
const QUEUE = 'toolgate';
const RECONNECT_MS = 1000;

/** The client takes no credentials in a URL. A name alone is a token, as NATS has it. */
function connectionOptions(url: string): Required<NatsOptions>['options'] {
  const { protocol, host, username, password } = new URL(url);
  const [name, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  return {
    servers: [host],
    name: 'toolgate',
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    ...(secret !== '' ? { user: name, pass: secret } : name !== '' ? { token: name } : {}),
    ...(protocol === 'tls:' && { tls: {} }),
  };
}

/**
 * Nest's NATS server with the bounds of {@link TcpTransport}. A message that is not in Nest's packet but the bare data is
 * taken too, so that a client in any language can ask.
 */
export class NatsTransport extends ServerNats {
  private readonly inFlight: InFlight;
  private connection: NatsConnection | undefined;
  private readonly subscribed: Subscription[] = [];

  constructor(private readonly settings: Options) {
    super({ ...connectionOptions(settings.url), deserializer: { deserialize: packetOf } });
    this.inFlight = new InFlight(settings.issuer, MOST_IN_FLIGHT);
  }

  override async createNatsClient(): Promise<NatsConnection> {
    try {
      this.connection = (await super.createNatsClient()) as NatsConnection;
      return this.connection;
    } catch (cause) {
      const { host } = new URL(this.settings.url);
      throw new Error(`NATS at ${host} (MICROSERVICE_NATS_URL) cannot be used: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  override bindEvents(client: NatsConnection): void {
    for (const subject of this.messageHandlers.keys()) {
      const handle = this.getMessageHandler(subject) as (error: Error | null, message: Msg) => void;
      this.subscribed.push(client.subscribe(subject, { queue: QUEUE, callback: handle }));
    }
  }

  override async handleMessage(subject: string, message: Msg): Promise<void> {
    // Nobody would hear the answer.
    if (message.reply === undefined || message.reply === '') return;
    try {
      await super.handleMessage(subject, message);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      message.respond(JSON.stringify(MALFORMED));
    }
  }

  protected override handleRequest(
    context: NatsContext,
    produce: () => Promise<Observable<unknown>>,
    respond: (packet: WritePacket) => void,
  ): void {
    super.handleRequest(context, () => this.inFlight.run(this, produce), respond);
  }

  /** Takes no more, answers what came, and leaves. */
  override async close(): Promise<void> {
    const { connection } = this;
    if (!connection) return;
    const leave = async () => {
      await Promise.all(this.subscribed.map((subscription) => subscription.drain()));
      await this.inFlight.idle(this.settings.graceMs);
      await connection.flush();
    };
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise((resolve) => {
      timer = setTimeout(resolve, this.settings.graceMs);
    });
    // Without a server to speak to there is nobody to wait for.
    await Promise.race([leave().catch(() => undefined), impatience]);
    clearTimeout(timer);
    await super.close();
  }

  /** What failed, and nothing of what was sent. */
  protected override handleError(error: unknown): void {
    const { name, code } = error as { name?: string; code?: string };
    this.logger.debug?.({ reason: 'a message failed', name, code });
  }
}

/** @throws SyntaxError for what is no JSON, or too much of it. */
function packetOf(message: Msg) {
  if (message.data.length > LARGEST_MESSAGE) throw new SyntaxError('too large');
  const value = message.json<unknown>();
  // Who asks without Nest's packet needs no id: the reply subject is one.
  return readPacket(value) ?? { pattern: message.subject, data: value, id: 'reply' };
}
