import { ConfigError, loadConfig } from '../config/config.js';
import { environment } from '../config/environment.js';
import { startService } from '../service.js';
import { banner } from './banner.js';
import { untilStopped } from './until-stopped.js';

/** Runs the service until it is told to stop. A second signal stops it without waiting. */
export async function start(): Promise<void> {
  try {
    const config = loadConfig(environment());
    const service = await startService(config, (line) => {
      console.error(line);
    });
    console.error(banner(config, service.database.description, performance.now()));
    untilStopped(() => service.stop());
  } catch (error) {
    fail(error);
  }
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
