import { createHash } from 'node:crypto';
import { uuidBytes } from '../../src/crypto/uuid.js';
import { connectTo } from '../database.js';

const SESSIONS_PER_USER = 5;
const DAYS = 6;

/** The token of a session, as the service makes them, but known by the session's number. */
export function tokenOf(index: number): string {
  const secrets = createHash('sha256').update(`growth-${index}`).digest();
  return `tgr_${Buffer.concat([uuidBytes(idOfSession(index)), secrets]).toString('base64url')}`;
}

const hex = (text: string) => createHash('md5').update(text).digest('hex');
const idOfSession = (index: number) =>
  index.toString(16).padStart(12, '0') + hex(`session${index}`).slice(0, 20);

// The same in SQL.
const secretsOf = (index: string) => `sha256(convert_to('growth-' || (${index}), 'UTF8'))`;
const digestOf = (index: string, session: string) => `
  sha256(convert_to('tgr_' || translate(encode(uuid_send(${session}) || ${secretsOf(index)}, 'base64'), '+/', '-_'), 'UTF8'))`;
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
// $1 how many, $2 of how many users, $3 resource. Each was refreshed once.
const TOKENS = `
  INSERT INTO refresh_tokens (session_id, user_id, session_expires_at, client_id, resource, scopes, user_scopes, family_digest,
                              digest, issued_at, expires_at, used, used_at)
  SELECT session, ${idOf('user', 'i % $2::int')}, now() + interval '83 days', 'toolgate', $3, '{notes:read,notes:write}',
         '{mcp:write}', sha256(substr(${secretsOf('i')}, 1, 16)), ${digestOf('i', 'session')}, issued,
         issued + interval '14 days', ARRAY[sha256(uuid_send(session))], ARRAY[issued]
  FROM generate_series(0, $1::int - 1) i, LATERAL (SELECT ${idOf('session', 'i')} AS session) s,
       LATERAL (SELECT now() - interval '${DAYS} days' * (1 - i::float8 / $1::int) AS issued) t`;

// Those of primary keys grow at their end, as the ids do: these are filled row by row. That of revoked sessions stays empty,
// and the service, which runs, asks it several times a second.
const INDEXES = `
  SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
  FROM pg_index WHERE indrelid = 'sessions'::regclass AND NOT indisprimary AND indexrelid <> 'sessions_revoked'::regclass`;

/** An index that rows came to one by one is two thirds full. Made at once and to the brim, it would split at every page. */
const AS_GROWN = 'WITH (fillfactor = 70)';

interface Index {
  readonly name: string;
  readonly definition: string;
}

/** Bytes that a row of refresh_tokens takes with its session, their indexes and its part of a user; more than was ever seen. */
const BYTES_PER_ROW = 1500;
export const bytesFor = (sizes: readonly number[]) =>
  sizes.reduce((sum, size) => sum + size, 0) * BYTES_PER_ROW;

/** `CREATE INDEX ... WHERE ...` takes its storage parameters before the condition. */
const asGrown = (definition: string) => definition.replace(/( WHERE .*)?$/s, ` ${AS_GROWN}$1`);

/** Fills the tables to `size` refresh tokens, as a service in use would have. */
export async function grow(url: string, size: number, resource: string): Promise<{ bytes: number }> {
  const { client, stop } = await connectTo(url);
  try {
    const users = Math.ceil(size / SESSIONS_PER_USER);
    await client.query(USERS, [users]);
    // Without a look at each reference: they are right by construction.
    await client.query('SET session_replication_role = replica');
    await client.query('SET maintenance_work_mem = \'512MB\''); // prettier-ignore
    // Indexes are built after the rows, or ten million would take an hour.
    const { rows: indexes } = await client.query<Index>(INDEXES);
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
    await client.query(SESSIONS, [size, users, resource]);
    await client.query(TOKENS, [size, users, resource]);
    for (const { definition } of indexes) await client.query(asGrown(definition));
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
