import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

interface Reply {
  readonly id?: number;
  readonly output?: unknown;
  readonly error?: string;
  readonly ready?: true;
  readonly pids?: number[];
}

export interface SpawnOptions {
  readonly file: string;
  /** Processor cores it may run on, as taskset writes them; undefined: anywhere. */
  readonly cores: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Where what it prints goes: as a service's logs, to a file. */
  readonly log: string;
  readonly arguments?: readonly string[];
}

/** A Node process on cores of its own that answers questions over its IPC channel. */
export class Worker {
  private asked = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  pids: readonly number[] = [];

  private constructor(
    readonly child: ChildProcess,
    file: string,
  ) {
    child.on('message', (reply: Reply) => {
      if (reply.id !== undefined) this.waiting.get(reply.id)?.(reply);
    });
    child.once('exit', (code) => {
      for (const answer of this.waiting.values()) answer({ error: `${file} ended (${String(code)})` });
    });
  }

  static async start(options: SpawnOptions): Promise<Worker> {
    const { file, cores, env = {}, log } = options;
    const node = [process.execPath, file, ...(options.arguments ?? [])];
    const [program = '', ...parameters] = cores === undefined ? node : ['taskset', '-c', cores, ...node];
    const output = openSync(log, 'a');
    const child = spawn(program, parameters, {
      stdio: ['ignore', output, output, 'ipc'],
      env: { ...process.env, ...env },
    });
    closeSync(output);
    const worker = new Worker(child, file);
    await new Promise<void>((resolve, reject) => {
      child.on('message', (reply: Reply) => {
        if (!reply.ready) return;
        worker.pids = reply.pids ?? [child.pid ?? 0];
        resolve();
      });
      child.once('exit', (code) => {
        reject(new Error(`${file} ended (${String(code)}) before it was ready; see ${log}`));
      });
      child.once('error', reject);
    });
    return worker;
  }

  async ask<Output>(input: unknown): Promise<Output> {
    this.asked += 1;
    const id = this.asked;
    const reply = await new Promise<Reply>((resolve) => {
      this.waiting.set(id, resolve);
      this.child.send({ id, input });
    });
    this.waiting.delete(id);
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.output as Output;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(impatience);
  }
}
