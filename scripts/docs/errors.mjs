import { CATALOGUE } from '../../dist/src/errors/catalogue.js';

export function errors() {
  const rows = Object.entries(CATALOGUE).map(
    ([code, { status, title, help }]) => `| \`${code}\` | ${status} | ${title} | ${help} |`,
  );
  return `# Errors

REST answers are problem documents (RFC 9457) whose \`code\` is one of these; \`type\` leads to \`/errors/<code>\`.

| Code | Status | Meaning | What to do |
|---|---|---|---|
${rows.join('\n')}
`;
}
