import { z } from 'zod';
import { SETTINGS } from '../../dist/src/config/settings.js';

const settings = Object.entries(SETTINGS);

function defaultOf({ schema, defaultDoc }) {
  if (defaultDoc) return defaultDoc;
  const { success, data } = schema.safeParse(undefined);
  return success && data !== undefined ? String(Array.isArray(data) ? data.join(' ') : data) : '';
}

/** What a number may be, or which words there are. */
function valuesOf({ schema }) {
  const [given, parsed] = ['input', 'output'].map((io) => z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
  if (parsed.type === 'number') return `${parsed.minimum} to ${parsed.maximum}`;
  return (given.enum ?? []).map((word) => `\`${word}\``).join(', ');
}

export function environmentExample() {
  const lines = settings.map(
    ([name, setting]) => `# ${setting.doc}\n# ${name}=${setting.defaultDoc ? '' : defaultOf(setting)}\n`,
  );
  return `# Made by \`npm run docs\` from src/config/settings.ts. Every line is optional.\n\n${lines.join('\n')}`;
}

export function configuration() {
  const rows = settings.map(
    ([name, setting]) =>
      `| \`${name}\`${setting.secret ? ' (secret)' : ''} | ${defaultOf(setting) ? `\`${defaultOf(setting)}\`` : ''} | ${valuesOf(setting)} | ${setting.doc} |`,
  );
  return `# Configuration

From the environment. A secret may also come from a file named by \`<NAME>_FILE\`.
A start with bad values stops and names every bad variable, and prints no value.

| Variable | Default | Values | Meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}
