import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, platform, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/config.js';
import { VERSION } from '../config/version.js';
import { freePort } from '../database/free-port.js';
import { startService } from '../service.js';
import { type Step, tellStory } from './demo-story.js';

interface Observed {
  readonly observed_at: string;
  readonly toolgate: string;
  readonly node: string;
  readonly system: string;
  readonly database: string;
  readonly steps: readonly Step[];
  readonly passed: boolean;
}

const summary = ({ toolgate, node, system, database, steps, passed }: Observed): string => `
What was observed
  Toolgate   ${toolgate}
  Node       ${node}
  system     ${system}
  database   ${database}

${steps
  .map(
    (step, index) =>
      `  ${step.passed ? 'as expected' : 'DIFFERENT  '}  ${String(index + 1).padStart(2)}. ${step.title}: ${step.observed}`,
  )
  .join('\n')}

${passed ? 'Every step was as expected.' : 'Some steps differed.'}`;

/** The run as a document, word for word. */
const transcript = (lines: readonly string[]): string =>
  `<!-- Made by \`npm run demo -- --markdown docs/demo.md\`. -->\n\n# The whole story, as it happened\n\n\`\`\`text\n${lines.join('\n').trim()}\n\`\`\`\n`;

/** Starts on any free port. Until the database is made, another process may take the one that was found: then on another. */
async function startAnywhere(directory: string, say: (line: string) => void, tries = 5) {
  const config = loadConfig({
    PORT: String(await freePort()),
    DATA_DIR: directory,
    REFRESH_REPLAY_WINDOW: '1',
    LOG_LEVEL: 'silent',
  });
  try {
    return { config, service: await startService(config, say) };
  } catch (error) {
    if (tries <= 1 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startAnywhere(directory, say, tries - 1);
  }
}

/** `toolgate demo`: the whole story from nothing, in a folder that is gone afterwards, and the record of what was seen. */
export async function demo(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'string' }, markdown: { type: 'string' } },
  });
  const lines: string[] = [];
  const say = (line: string) => {
    lines.push(line);
    console.log(line);
  };
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-demo-'));
  say(`Toolgate ${VERSION}: the whole story, from nothing, in ${directory}\n`);
  const { config, service } = await startAnywhere(directory, say);
  try {
    const steps = await tellStory(config.issuer, say);
    const record: Observed = {
      observed_at: new Date().toISOString(),
      toolgate: VERSION,
      node: process.version,
      system: `${platform()} ${release()} ${arch()}`,
      database: service.database.description,
      steps,
      passed: steps.every((step) => step.passed),
    };
    say(summary(record));
    const json = JSON.stringify(record, null, 2);
    if (values.json === undefined) console.log(`\nThe record as JSON (--json FILE keeps it):\n${json}`);
    else await writeFile(values.json, `${json}\n`);
    if (values.markdown !== undefined) await writeFile(values.markdown, transcript(lines));
    if (!record.passed) process.exitCode = 1;
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
    await rm(`${directory}.log`, { force: true });
  }
}
