import { readSchema } from './read-schema.mjs';

const typeOf = ({ type }) => type.replace('timestamp with time zone', 'timestamptz');
const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;
const keysOf = (table, kind) => table.constraints.filter((constraint) => constraint.kind === kind);

function entity(table) {
  const primary = new Set(keysOf(table, 'p').flatMap(({ columns }) => columns));
  const foreign = new Set(keysOf(table, 'f').flatMap(({ columns }) => columns));
  const lines = table.columns.flatMap((column) => {
    const marks = [primary.has(column.name) ? 'PK' : '', foreign.has(column.name) ? 'FK' : ''].filter(Boolean);
    return marks.length > 0 ? [`    ${typeOf(column).replaceAll(' ', '_')} ${column.name} ${marks.join(', ')}`] : [];
  });
  return [`  ${table.name} {`, ...lines, '  }'];
}

/** A row has at most one other where the key's columns are unique, and may have none where one may be null. */
function relation(table, { target, columns }) {
  const single = [...keysOf(table, 'p'), ...keysOf(table, 'u')].some(
    (key) => [...key.columns].sort().join() === [...columns].sort().join(),
  );
  const optional = table.columns.some(({ name, nullable }) => nullable && columns.includes(name));
  return `  ${target} ${optional ? '|o' : '||'}--${single ? 'o|' : 'o{'} ${table.name} : "${columns.join(', ')}"`;
}

function diagram(tables) {
  const relations = tables.flatMap((table) => keysOf(table, 'f').map((key) => relation(table, key)));
  return ['```mermaid', 'erDiagram', ...relations, ...tables.flatMap(entity), '```'].join('\n');
}

function section(title, entries) {
  if (entries.length === 0) return '';
  return `\n${title}:\n\n${entries.map(({ name, definition }) => `- \`${name}\`: \`${definition}\``).join('\n')}\n`;
}

function chapter({ name, columns, constraints, indexes, triggers }) {
  const rows = columns.map(
    (column) =>
      `| \`${column.name}\` | ${code(typeOf(column))} | ${column.nullable ? 'yes' : ''} | ${column.default ? code(column.default) : ''} |`,
  );
  const described = indexes.map((index) => ({
    ...index,
    definition: `${index.unique ? 'UNIQUE ' : ''}${index.definition}`,
  }));
  return `## ${name}

| Column | Type | May be null | Default |
|---|---|---|---|
${rows.join('\n')}
${section('Constraints', constraints)}${section('Further indexes', described)}${section('Triggers', triggers)}`;
}

export async function schema(client) {
  const tables = await readSchema(client);
  return `# Schema

What the migrations in \`migrations/\` make of an empty database, as Postgres tells it. Primary keys and unique constraints
have an index of their own; the others are listed. TypeORM keeps the list of migrations that ran in \`migrations\`.

${diagram(tables)}

${tables.map(chapter).join('\n')}`;
}
