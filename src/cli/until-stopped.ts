import { linesWritten } from '../ops/logging.js';

const LAST_LINES_MS = 2000;

/** An exit waits for whoever reads our output, for ever if they stopped: then the last lines are given up. */
async function leave(code: number): Promise<void> {
  if (await linesWritten(LAST_LINES_MS)) process.exit(code);
  process.kill(process.pid, 'SIGKILL');
}

/** Stops with the first signal; a second one does not wait. */
export function untilStopped(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = () => {
    if (stopping) {
      void leave(1);
      return;
    }
    stopping = true;
    console.error('\nFinishing what is in flight ...');
    stop().then(
      () => {
        console.error('Stopped.');
        return leave(0);
      },
      (error: unknown) => {
        console.error(error instanceof Error ? error.message : String(error));
        return leave(1);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}
