import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { isObject, type Json } from './message.js';
import { upstreamFailed } from './rpc-error.js';

export interface StdioCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ChildEvents {
  message(message: Json): void;
  /** It is gone; the words say how, for the log. */
  end(how: string): void;
  stderr(text: string): void;
}

const LONGEST_MESSAGE = 32 * 1024 * 1024;
const MOST_UNREAD = 16 * 1024 * 1024;
const PATIENCE_MS = 2000;

/** One process of the server: JSON-RPC by lines over its standard streams (spec: stdio transport). */
export class StdioChild {
  private readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  private parts: Buffer[] = [];
  private length = 0;
  private over = false;
  private readonly ended: Promise<void>;

  constructor(
    { command, args, env }: StdioCommand,
    private readonly events: ChildEvents,
  ) {
    // A group of its own: what it starts itself (npx does) ends with it.
    this.process = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.process.stdin.on('error', () => undefined);
    this.process.stdout.on('data', (chunk: Buffer) => {
      this.read(chunk);
    });
    this.process.stderr.on('data', (chunk: Buffer) => {
      events.stderr(chunk.toString());
    });
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        if (!this.over) events.end(how);
        this.over = true;
        resolve();
      };
      this.process.once('error', ({ message }) => {
        end(`it could not be started: ${message}`);
      });
      this.process.once('close', (code, signal) => {
        end(signal === null ? `it ended with code ${code ?? 'unknown'}` : `it was ended by ${signal}`);
      });
    });
  }

  /** @throws RpcError when it does not read what it is sent */
  send(message: unknown): void {
    if (this.process.stdin.writableLength > MOST_UNREAD)
      throw upstreamFailed('The MCP server behind this guard is too busy to listen.', undefined, 503);
    this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  pause(): void {
    this.process.stdout.pause();
  }

  resume(): void {
    this.process.stdout.resume();
  }

  /** As the spec says: its input ends, then it is asked, then it is made to. */
  async stop(): Promise<void> {
    this.over = true;
    this.process.stdin.end();
    this.process.stdout.resume();
    const timers = (['SIGTERM', 'SIGKILL'] as const).map((signal, index) =>
      setTimeout(
        () => {
          this.kill(signal);
        },
        PATIENCE_MS * (index + 1),
      ),
    );
    await this.ended;
    timers.forEach(clearTimeout);
  }

  private kill(signal: NodeJS.Signals): void {
    const { pid } = this.process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Gone already.
    }
  }

  private read(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.parts.push(rest.subarray(0, end));
      const line = Buffer.concat(this.parts).toString('utf8').trim();
      this.parts = [];
      this.length = 0;
      rest = rest.subarray(end + 1);
      this.line(line);
    }
    if (rest.length === 0) return;
    this.parts.push(rest);
    this.length += rest.length;
    if (this.length > LONGEST_MESSAGE) {
      this.events.stderr(`a message is longer than ${LONGEST_MESSAGE} bytes; the process is ended`);
      this.kill('SIGKILL');
    }
  }

  private line(line: string): void {
    if (line === '' || this.over) return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.events.stderr(line);
      return;
    }
    if (isObject(message)) this.events.message(message);
  }
}
