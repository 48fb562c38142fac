import { Session } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';
import { type Frame, MICROS_BETWEEN_SAMPLES, type Spent, spentUnder } from '../profile.js';

/*
 * Our service as `npm start` runs it, of the build that the second argument names. Arguments: port, root, `profiled` for one
 * that says where its time goes.
 */
const [, , port = '', root = '', profiled] = process.argv;
const load = async <Exports>(file: string) =>
  (await import(pathToFileURL(`${root}/dist/src/${file}`).href)) as Exports;

interface Question {
  readonly id: number;
  readonly input: { readonly ask: 'profile'; readonly frames: readonly Frame[] };
}

/** Each time it is asked: how the time was spent since it was asked last. */
async function profileOnDemand(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: MICROS_BETWEEN_SAMPLES });
  // From the start: of functions that V8 compiled into others before, it could not tell whose the time was.
  await session.post('Profiler.start');
  const spent = async (frames: readonly Frame[]): Promise<Spent> => {
    const { profile } = await session.post('Profiler.stop');
    await session.post('Profiler.start');
    return spentUnder(profile, frames);
  };
  process.on('message', ({ id, input }: Question) => {
    spent(input.frames).then(
      (output) => process.send?.({ id, output }),
      (error: unknown) => process.send?.({ id, error: (error as Error).message }),
    );
  });
}

async function serve(): Promise<void> {
  // First of all, as `toolgate start` does. An older commit that is compared with may have none.
  const oneCore = load<typeof import('../../src/cli/one-core.js')>('cli/one-core.js');
  await oneCore.then(({ markInTurn }) => { markInTurn(); }, () => undefined); // prettier-ignore
  if (profiled === 'profiled') await profileOnDemand();
  const { startService } = await load<typeof import('../../src/service.js')>('service.js');
  const { loadConfig } = await load<typeof import('../../src/config/config.js')>('config/config.js');
  const service = await startService(loadConfig({ ...process.env, PORT: port }), () => undefined);
  process.once('SIGTERM', () => {
    void service.stop().then(() => process.exit(0));
  });
}

await serve();
process.send?.({ ready: true, pids: [process.pid] });
