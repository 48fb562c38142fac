import { Transform, type TransformCallback } from 'node:stream';

/** The end of an event: an empty line, whatever ends lines (HTML, server-sent events). */
const END = /\r\n\r\n|\n\n|\r\r/;

export const event = (message: unknown): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

/** The data of one event, its lines joined. */
export function dataOf(text: string): string {
  return text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
}

/** Everything of an event but its data stays, so that a client can resume where it was. */
export function withData(text: string, data: string): string {
  const kept = text.split(/\r\n|\n|\r/).filter((line) => line !== '' && !line.startsWith('data:'));
  return [...kept, `data: ${data}`, '', ''].join('\n');
}

/** Server-sent events one at a time, each sent on as soon as it is whole; holds no more than `limit` characters. */
export class EventTransform extends Transform {
  private readonly decoder = new TextDecoder();
  private text = '';

  constructor(
    private readonly change: (event: string) => string,
    private readonly limit: number,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // A chunk may end between the two halves of a line end, so a little of what was looked at is looked at again.
    let from = Math.max(0, this.text.length - 3);
    this.text += this.decoder.decode(chunk, { stream: true });
    let out = '';
    for (;;) {
      const found = END.exec(from === 0 ? this.text : this.text.slice(from));
      if (!found) break;
      const end = from + found.index + found[0].length;
      out += this.change(this.text.slice(0, end));
      this.text = this.text.slice(end);
      from = 0;
    }
    if (this.text.length > this.limit) {
      done(new Error(`an event of the server is longer than ${this.limit} characters`));
      return;
    }
    done(null, out);
  }

  /** What is cut off in the middle is no event. */
  override _flush(done: TransformCallback): void {
    done();
  }
}
