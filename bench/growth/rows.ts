import { createHash } from 'node:crypto';
import { uuidBytes } from '../../src/crypto/uuid.js';
import { connectTo } from '../database.js';

/** Of each session one token lives; the others were used on the way to it. */
export const TOKENS_PER_SESSION = 10;
const SESSIONS_PER_USER = 5;
const DAYS = 6;

/** A token as the service makes them, but known by its number. */
export function tokenOf(index: number, sessions: number): string {
  const session = uuidBytes(idOfSession(index % sessions));
  const secret = createHash('sha256').update(`growth-${index}`).digest();
  return `tgr_${Buffer.concat([session, secret]).toString('base64url')}`;
}

const hex = (text: string) => createHash('md5').update(text).digest('hex');
const idOfSession = (index: number) =>
  index.toString(16).padStart(12, '0') + hex(`session${index}`).slice(0, 20);

// The same in SQL.
const digestOf = (index: string, session: string) => `
  sha256(convert_to('tgr_' || translate(encode(uuid_send(${session}) || sha256(convert_to('growth-' || (${index}), 'UTF8')), 'base64'), '+/', '-_'), 'UTF8'))`;
// In the order of their making, as the ids of the service are.
const idOf = (kind: string, index: string) =>
  `(lpad(to_hex(${index}), 12, '0') || substr(md5('${kind}' || (${index})), 1, 20))::uuid`;

// $1 how many. What was changed long ago, no replica asks about.
const USERS = `
  INSERT INTO users (id, email, scopes, created_at, changed_at)
  SELECT ${idOf('user', 'i')}, 'grown-' || i || '@example.com', '{mcp:write}', now() - interval '90 days', now() - interval '90 days'
  FROM generate_series(0, $1::int - 1) i`;
// $1 how many, $2 of how many users, $3 resource.
const SESSIONS = `
  INSERT INTO sessions (id, user_id, client_id, resource, scopes, address, user_agent, created_at, expires_at, changed_at)
  SELECT ${idOf('session', 'i')}, ${idOf('user', 'i % $2::int')}, 'toolgate', $3, '{notes:read,notes:write}', '192.0.2.1',
         'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', now() - interval '${DAYS + 1} days', now() + interval '83 days',
         now() - interval '${DAYS + 1} days'
  FROM generate_series(0, $1::int - 1) i`;
// $1 how many, $2 of how many sessions. In the order of issue: a session's tokens lie far apart.
const TOKENS = `
  INSERT INTO refresh_tokens (session_id, digest, issued_at, expires_at, used_at)
  SELECT session, ${digestOf('i', 'session')}, issued, issued + interval '14 days', CASE WHEN i < $1::int - $2::int THEN issued + interval '${DAYS} days' * ($2::float8 / $1::int) END
  FROM generate_series(0, $1::int - 1) i, LATERAL (SELECT ${idOf('session', 'i % $2::int')} AS session) s,
       LATERAL (SELECT now() - interval '${DAYS} days' * (1 - i::float8 / $1::int) AS issued) t`;

const INDEXES = `
  SELECT conname AS name, pg_get_constraintdef(oid) AS definition, true AS is_constraint
  FROM pg_constraint WHERE conrelid = 'refresh_tokens'::regclass AND contype IN ('p', 'u')
  UNION ALL
  SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), false
  FROM pg_index WHERE indrelid = 'refresh_tokens'::regclass
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))`;

/** An index that rows came to one by one is two thirds full. Made at once and to the brim, it would split at every page. */
const AS_GROWN = 'WITH (fillfactor = 70)';

interface Index {
  readonly name: string;
  readonly definition: string;
  readonly is_constraint: boolean;
}

/** Bytes that a row of refresh_tokens takes with its indexes and its part of a session; more than was ever seen. */
const BYTES_PER_ROW = 700;
export const bytesFor = (sizes: readonly number[]) =>
  sizes.reduce((sum, size) => sum + size, 0) * BYTES_PER_ROW;

/** Fills the tables to `size` refresh tokens, as a service in use would have. */
export async function grow(url: string, size: number, resource: string): Promise<{ bytes: number }> {
  const { client, stop } = await connectTo(url);
  try {
    const sessions = size / TOKENS_PER_SESSION;
    const users = Math.ceil(sessions / SESSIONS_PER_USER);
    await client.query(USERS, [users]);
    // Without a look at each reference: they are right by construction.
    await client.query('SET session_replication_role = replica');
    await client.query('SET maintenance_work_mem = \'512MB\''); // prettier-ignore
    await client.query(SESSIONS, [sessions, users, resource]);
    // Indexes are built after the rows, or ten million would take an hour.
    const { rows: indexes } = await client.query<Index>(INDEXES);
    for (const { name, is_constraint: constraint } of indexes)
      await client.query(constraint ? `ALTER TABLE refresh_tokens DROP CONSTRAINT ${name}` : `DROP INDEX ${name}`); // prettier-ignore
    await client.query(TOKENS, [size, sessions]);
    for (const { name, definition, is_constraint: constraint } of indexes)
      await client.query(`${constraint ? `ALTER TABLE refresh_tokens ADD CONSTRAINT ${name} ` : ''}${definition} ${AS_GROWN}`); // prettier-ignore
    await client.query('RESET session_replication_role');
    await client.query('VACUUM ANALYZE users, sessions, refresh_tokens');
    await client.query('CHECKPOINT');
    interface Row {
      bytes: string;
    }
    const { rows } = await client.query<Row>('SELECT pg_database_size(current_database()) AS bytes');
    return { bytes: Number(rows[0]?.bytes) };
  } finally {
    await stop();
  }
}
