import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './install.mjs';

await ensureInstalled();
await ensureBuilt();
const { SETTINGS } = await import('../dist/src/config/settings.js');
const { CATALOGUE } = await import('../dist/src/errors/catalogue.js');

const defaultOf = ({ schema, defaultDoc }) => {
  if (defaultDoc) return defaultDoc;
  const { success, data } = schema.safeParse(undefined);
  return success && data !== undefined ? String(Array.isArray(data) ? data.join(' ') : data) : '';
};
const settings = Object.entries(SETTINGS);
const made = '<!-- Made by `npm run docs`. Change the source instead. -->';

const files = {
  '.env.example': `# Made by \`npm run docs\` from src/config/settings.ts. Every line is optional.\n\n${settings
    .map(([name, setting]) => `# ${setting.doc}\n# ${name}=${setting.defaultDoc ? '' : defaultOf(setting)}\n`)
    .join('\n')}`,
  'docs/configuration.md': `${made}\n\n# Configuration\n\nFrom the environment. A secret may also come from a file named by \`<NAME>_FILE\`.\nA start with bad values stops and names every bad variable, and prints no value.\n\n| Variable | Default | Meaning |\n|---|---|---|\n${settings
    .map(
      ([name, setting]) =>
        `| \`${name}\`${setting.secret ? ' (secret)' : ''} | ${defaultOf(setting) ? `\`${defaultOf(setting)}\`` : ''} | ${setting.doc} |`,
    )
    .join('\n')}\n`,
  'docs/errors.md': `${made}\n\n# Errors\n\nREST answers are problem documents (RFC 9457) whose \`code\` is one of these; \`type\` leads to \`/errors/<code>\`.\n\n| Code | Status | Meaning | What to do |\n|---|---|---|---|\n${Object.entries(
    CATALOGUE,
  )
    .map(([code, { status, title, help }]) => `| \`${code}\` | ${status} | ${title} | ${help} |`)
    .join('\n')}\n`,
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
