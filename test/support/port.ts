import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

/**
 * Below every system's range for outgoing connections (gVisor's begins at 16000, Linux's at 32768), any of which
 * could otherwise take a port between its choice and the moment its server listens; above 10080, which fetch refuses.
 */
const RANGE = [10_240, 16_000] as const;

/** A port of 127.0.0.1 that nothing listens on and that no other test of the run is given. */
export async function reservePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...RANGE);
    if ((await reserved(port)) && (await free(port))) return port;
  }
}

/** Whether this caller is the first of all the run's processes. */
async function reserved(port: number): Promise<boolean> {
  const file = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'ports', String(port));
  try {
    await writeFile(file, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function free(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}
