import { Connection } from './connection.js';
import type { Job } from './load.js';
import { requestsOf } from './requests.js';

export interface Seen {
  readonly latencies: Float64Array;
  readonly declined: number;
  /** Answers since the beginning. */
  readonly all: number;
  readonly chains: readonly string[] | undefined;
}

export interface Drive {
  /** Forgets what was seen until now. */
  reset(): void;
  stop(): Seen;
}

/** Says when the next request is due, and which connection may send it. */
interface Turns {
  /** A connection has nothing in flight. */
  free(connection: number): void;
  stop(): void;
}

/** As soon as a connection is free. */
function asFastAsAnswered(send: (connection: number, dueAt: number) => void): Turns {
  return {
    free(connection) {
      send(connection, performance.now());
    },
    stop: () => undefined,
  };
}

/** At a steady rate. A request that finds no free connection waits, and its wait is part of its latency. */
export function atRate(perSecond: number, send: (connection: number, dueAt: number) => void): Turns {
  const began = performance.now();
  const idle: number[] = [];
  let sent = 0;
  const dueAt = () => began + (sent * 1000) / perSecond;
  const sendDue = () => {
    while (idle.length > 0 && dueAt() <= performance.now()) {
      const due = dueAt();
      sent += 1;
      send(idle.shift() ?? 0, due);
    }
  };
  const timer = setInterval(sendDue, 1);
  return {
    free(connection) {
      idle.push(connection);
      sendDue();
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** Sends until told to stop. The first wrong answer ends it. */
export function drive(job: Job, fail: (why: string) => void): Drive {
  const { next, answered, chains } = requestsOf(job.load, job.connections);
  const { status: expected, contains, declined: declinedWith } = job.load.expect;
  let latencies: number[] = [];
  let declined = 0;
  let all = 0;
  let stopped = false;
  const since: number[] = [];
  const send = (index: number, dueAt: number) => {
    since[index] = dueAt;
    try {
      connections[index]?.send(next(index));
    } catch (error) {
      fail((error as Error).message);
    }
  };
  const turns = job.perSecond === undefined ? asFastAsAnswered(send) : atRate(job.perSecond, send);
  const onAnswer = (index: number, status: number, body: string) => {
    if (stopped) return;
    all += 1;
    if (status === declinedWith) declined += 1;
    else {
      latencies.push(performance.now() - (since[index] ?? NaN));
      if (status !== expected || !body.includes(contains)) {
        fail(`answered ${status}: ${body.slice(0, 300)}`);
        return;
      }
      answered(index, body);
    }
    turns.free(index);
  };
  const connections = Array.from({ length: job.connections }, (_, index) => {
    const port = job.ports[index % job.ports.length] ?? 0;
    const hear = (status: number, body: string) => {
      onAnswer(index, status, body);
    };
    return new Connection(port, hear, fail);
  });
  for (const index of connections.keys()) turns.free(index);
  return {
    reset() {
      latencies = [];
      declined = 0;
    },
    stop() {
      stopped = true;
      turns.stop();
      const seen = { latencies: Float64Array.from(latencies).sort(), declined, all, chains: chains?.() };
      for (const connection of connections) connection.close();
      return seen;
    },
  };
}
