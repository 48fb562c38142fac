import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { ownerOf, type Principal } from '../../access/principal.js';
import { ToolgateError } from '../../errors/toolgate-error.js';

const LONGEST = 1024;
const MARK = '~';
const LONGEST_LINE = 4 + LONGEST;
const [LF, CR] = [10, 13];
const ID = [...Buffer.from('id:')];

/**
 * A stream belongs to whom it was opened by, in the session in which it was. Servers that keep the events of all sessions in
 * one place go on with the stream that the id names, whoever asks; so each id leaves with a mark that only its caller can
 * bring back, and nothing is kept for that. Ids are bytes, which Node has as latin1 in headers.
 */
export class EventIds {
  private readonly key: Buffer;

  constructor(secret: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'toolgate guard events v1', 32));
  }

  mark(id: string, principal: Principal, session: string | undefined): string {
    return `${id}${MARK}${this.macOf(id, principal, session).toString('base64url')}`;
  }

  /** The server's own id. @throws ToolgateError `unknown_event` for another's, and for what is none */
  open(presented: string, principal: Principal, session: string | undefined): string {
    const at = presented.lastIndexOf(MARK);
    const id = presented.slice(0, Math.max(at, 0));
    const given = Buffer.from(presented.slice(at + 1), 'base64url');
    const expected = this.macOf(id, principal, session);
    if (
      at < 0 ||
      id.length > LONGEST ||
      given.length !== expected.length ||
      !timingSafeEqual(given, expected)
    )
      throw new ToolgateError('unknown_event');
    return id;
  }

  private macOf(id: string, principal: Principal, session = ''): Buffer {
    const said = JSON.stringify([ownerOf(principal), session, id]);
    return createHmac('sha256', this.key).update(said).digest().subarray(0, 16);
  }
}

/** Changes the `id` lines of server-sent events and hands on all other bytes as they come. */
export class IdLines extends Transform {
  /** The beginning of a line that may still become an `id` line. */
  private held = Buffer.alloc(0);
  private lineStart = true;

  constructor(private readonly change: (id: string) => string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const data = Buffer.concat([this.held, chunk]);
    this.held = Buffer.alloc(0);
    let sent = 0;
    let [lf, cr] = [-1, -1];
    for (let at = 0; at < data.length;) {
      if (lf < at) lf = endOf(data, LF, at);
      if (cr < at) cr = endOf(data, CR, at);
      const end = Math.min(lf, cr);
      if (this.lineStart && mayBeId(data, at) && end - at <= LONGEST_LINE) {
        if (end === data.length) {
          this.held = data.subarray(at);
          break;
        }
        if (at > sent) this.push(data.subarray(sent, at));
        this.push(this.changed(data.toString('latin1', at, end)), 'latin1');
        sent = end;
      }
      this.lineStart = end < data.length;
      at = end + 1;
    }
    const rest = data.subarray(sent, data.length - this.held.length);
    done(null, rest.length > 0 ? rest : undefined);
  }

  /** What is cut off in the middle names no event. */
  override _flush(done: TransformCallback): void {
    done();
  }

  private changed(line: string): string {
    const id = /^id: ?(.+)$/.exec(line)?.[1];
    return id === undefined ? line : `id: ${this.change(id)}`;
  }
}

function endOf(data: Buffer, byte: number, from: number): number {
  const found = data.indexOf(byte, from);
  return found < 0 ? data.length : found;
}

/** As far as the line is there, it begins as an `id` line does. */
const mayBeId = (data: Buffer, at: number): boolean =>
  ID.every((byte, index) => at + index >= data.length || data[at + index] === byte);
