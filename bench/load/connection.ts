import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Where in the buffer the next answer would begin. */
  readonly end: number;
}

/** Undefined while the answer is not complete. Knows as much of HTTP/1.1 as a benchmark's peers speak. */
export function parseAnswer(buffer: Buffer): Answer | undefined {
  const headEnd = buffer.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = buffer.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return buffer.length < end ? undefined : { status, body: buffer.toString('utf8', start, end), end };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return chunked(buffer, start, status);
  return { status, body: '', end: start };
}

function chunked(buffer: Buffer, start: number, status: number): Answer | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = buffer.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const size = parseInt(buffer.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (buffer.length < end) return undefined;
    if (size === 0) return { status, body, end };
    body += buffer.toString('utf8', lineEnd + 2, lineEnd + 2 + size);
    at = end;
  }
}

/** One kept-alive connection that has one request in flight at a time. */
export class Connection {
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);

  constructor(
    port: number,
    private readonly onAnswer: (status: number, body: string) => void,
    onBroken: (why: string) => void,
  ) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.receive(chunk);
    });
    this.socket.on('error', (error) => {
      onBroken(error.message);
    });
    this.socket.on('end', () => {
      onBroken('the server closed a connection');
    });
  }

  send(request: Buffer | string): void {
    this.socket.write(request);
  }

  close(): void {
    this.socket.removeAllListeners('end');
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const answer = parseAnswer(this.received);
    if (!answer) return;
    this.received = this.received.subarray(answer.end);
    this.onAnswer(answer.status, answer.body);
  }
}
