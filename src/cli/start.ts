import { ConfigError, loadConfig } from '../config/config.js';
import { environment } from '../config/environment.js';
import { type Service, startService } from '../service.js';
import { banner } from './banner.js';

/** Runs the service until it is told to stop. A second signal stops it without waiting. */
export async function start(): Promise<void> {
  const began = performance.now();
  let service: Service;
  try {
    const config = loadConfig(environment());
    service = await startService(config, (line) => {
      console.error(line);
    });
    console.error(banner(config, service.database.description, performance.now() - began));
  } catch (error) {
    fail(error);
    return;
  }
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    console.error('\nFinishing what is in flight ...');
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        fail(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** A start that cannot be: what failed, and nothing of where in the code. */
function fail(error: unknown): void {
  process.exitCode = 1;
  if (error instanceof ConfigError) {
    console.error(error.message);
    return;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') console.error('The port is taken. Set PORT to a free one.');
  else console.error(`Toolgate could not start: ${error instanceof Error ? error.message : String(error)}`);
}
