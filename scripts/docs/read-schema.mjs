/* What Postgres says of itself (its catalogues, documentation chapter 53), ordered so that two runs read the same. */

const COLUMNS = `
  SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
         pg_get_expr(d.adbin, d.adrelid) AS default
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname <> 'migrations'
  ORDER BY c.relname COLLATE "C", a.attnum`;

// NOT NULL has a column of its own; only since Postgres 18 is it a constraint, too.
const CONSTRAINTS = `
  SELECT conrelid::regclass::text AS table, conname AS name, contype AS kind, pg_get_constraintdef(oid, true) AS definition,
         confrelid::regclass::text AS target,
         ARRAY(SELECT a.attname::text FROM unnest(conkey) WITH ORDINALITY k (attnum, place)
               JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum ORDER BY place) AS columns
  FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 0
  ORDER BY position(contype::text IN 'pfuc'), conname COLLATE "C"`;

const INDEXES = `
  SELECT i.indrelid::regclass::text AS table, c.relname AS name, i.indisunique AS unique,
         regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS definition
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x'))
  ORDER BY c.relname COLLATE "C"`;

const TRIGGERS = `
  SELECT tgrelid::regclass::text AS table, tgname AS name,
         regexp_replace(pg_get_triggerdef(oid, true), '^CREATE TRIGGER \\S+ | ON \\S+', '', 'g') AS definition
  FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname COLLATE "C"`;

/** Every table but the list of the migrations that ran; of a partitioned one the whole, not its parts. */
export async function readSchema(client) {
  const read = async (text) => (await client.query(text)).rows;
  const columns = await read(COLUMNS);
  const [constraints, indexes, triggers] = [await read(CONSTRAINTS), await read(INDEXES), await read(TRIGGERS)];
  return [...new Set(columns.map(({ table }) => table))].map((name) => {
    const ofTable = ({ table }) => table === name;
    return {
      name,
      columns: columns.filter(ofTable),
      constraints: constraints.filter(ofTable),
      indexes: indexes.filter(ofTable),
      triggers: triggers.filter(ofTable),
    };
  });
}
