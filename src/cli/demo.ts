import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { arch, platform, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/config.js';
import { VERSION } from '../config/version.js';
import { startService } from '../service.js';
import { tellStory } from './demo-story.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `toolgate demo`: the whole story from nothing, in a folder that is gone afterwards, and the record of what was seen. */
export async function demo(args: string[]): Promise<void> {
  const jsonFile = args[0] === '--json' ? args[1] : undefined;
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-demo-'));
  const port = await freePort();
  const config = loadConfig({
    PORT: String(port),
    DATA_DIR: directory,
    REFRESH_REPLAY_WINDOW: '1',
    LOG_LEVEL: 'silent',
  });
  console.log(`Toolgate ${VERSION}: the whole story, from nothing, in ${directory}\n`);
  const service = await startService(config, (line) => {
    console.log(line);
  });
  try {
    const steps = await tellStory(config.issuer, (line) => {
      console.log(line);
    });
    const record = {
      observed_at: new Date().toISOString(),
      toolgate: VERSION,
      node: process.version,
      system: `${platform()} ${release()} ${arch()}`,
      database: service.database.description,
      steps,
      passed: steps.every((step) => step.passed),
    };
    const file = jsonFile ?? join(directory, 'record.json');
    await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
    console.log(
      `\nWhat was observed\n  Toolgate   ${record.toolgate}\n  Node       ${record.node}\n  system     ${record.system}\n  database   ${record.database}\n`,
    );
    for (const [index, step] of steps.entries()) {
      console.log(
        `  ${step.passed ? 'as expected' : 'DIFFERENT  '}  ${String(index + 1).padStart(2)}. ${step.title}: ${step.observed}`,
      );
    }
    console.log(
      `\n${record.passed ? 'Every step was as expected.' : 'Some steps differed.'}${jsonFile ? ` Written to ${jsonFile}.` : `\n${JSON.stringify(record)}`}`,
    );
    if (!record.passed) process.exitCode = 1;
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
    await rm(`${directory}.log`, { force: true });
  }
}
