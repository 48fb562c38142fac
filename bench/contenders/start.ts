import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../../src/database/free-port.js';
import { createDatabase } from '../database.js';
import { Worker } from '../processes.js';
import type { Server, Surroundings, Trials } from './contender.js';

/** What a server's processes share. */
export interface Place {
  /** The port of its first process: what it takes its public URL to be. */
  readonly port: number;
  readonly issuer: string;
  readonly databaseUrl: string;
}

/** How to fill a server and ask it things. */
export interface Access extends Place {
  readonly ask: Server['ask'];
}

export interface Recipe {
  readonly name: string;
  readonly title: string;
  readonly file: string;
  readonly jwksPath: string;
  /** Where its issuer is below its public URL. */
  readonly issuerPath?: string;
  /** A database that is there already. */
  readonly databaseUrl?: string;
  readonly remarks?: Server['remarks'];
  environment(place: Place): Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  /** Fills it over the wire, as its users would. */
  setUp(access: Access): Promise<Trials>;
}

async function freePorts(count: number): Promise<[number, ...number[]]> {
  const ports: [number, ...number[]] = [await freePort()];
  while (ports.length < count) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  return ports;
}

export async function startServer(around: Surroundings, recipe: Recipe): Promise<Server> {
  const { name, title, jwksPath } = recipe;
  const ports = await freePorts(around.processes);
  const fresh = () => createDatabase(around.postgresUrl, `b_${randomBytes(6).toString('hex')}`);
  const databaseUrl = recipe.databaseUrl ?? (await fresh());
  const issuer = `http://127.0.0.1:${ports[0]}${recipe.issuerPath ?? ''}`;
  const place: Place = { port: ports[0], issuer, databaseUrl };
  const workers: Worker[] = [];
  const stop = async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  };
  try {
    // One after the other: the first migrates.
    for (const port of ports) {
      const env = { NODE_ENV: 'production', ...recipe.environment(place) };
      const args = [String(port), ...(recipe.arguments ?? [])];
      const log = join(around.directory, `${name}.log`);
      workers.push(await Worker.start({ file: recipe.file, cores: around.cores, env, log, arguments: args }));
    }
    const [first] = workers as [Worker];
    const ask = <Output>(what: string, input: object) => first.ask<Output>({ ask: what, ...input });
    const trials = await recipe.setUp({ ...place, ask });
    const pids = workers.flatMap((worker) => worker.pids);
    const remarks = recipe.remarks ?? {};
    return { name, title, ports, pids, jwksPath, issuer, databaseUrl, trials, ask, remarks, stop };
  } catch (error) {
    // Nobody else knows of it yet.
    await stop();
    throw error;
  }
}
