import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './install.mjs';

await ensureInstalled();
await ensureBuilt();
// After the build: these read dist/.
const { configuration, environmentExample } = await import('./docs/settings.mjs');
const { errors } = await import('./docs/errors.mjs');
const { schema } = await import('./docs/schema.mjs');
const { withMigratedDatabase } = await import('./docs/migrated-database.mjs');

const made = '<!-- Made by `npm run docs`. Change the source instead. -->\n\n';
const files = {
  '.env.example': environmentExample(),
  'docs/configuration.md': made + configuration(),
  'docs/errors.md': made + errors(),
  'docs/schema.md': made + (await withMigratedDatabase(schema)),
};

let stale = 0;
for (const [name, text] of Object.entries(files)) {
  const path = join(root, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`${name} is out of date: run \`npm run docs\`.`);
    stale += 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
