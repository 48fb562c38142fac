/** As few tables and columns as the work needs. */
export const BARE_SCHEMA = `
  CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE NOT NULL, password_hash text NOT NULL);
  CREATE TABLE clients (client_id text PRIMARY KEY, secret_digest bytea, scope text NOT NULL);
  CREATE TABLE sessions (
    id uuid PRIMARY KEY, user_id uuid NOT NULL, client_id text NOT NULL, scope text NOT NULL, revoked_at timestamptz
  );
  CREATE TABLE refresh_tokens (
    digest bytea PRIMARY KEY, session_id uuid NOT NULL REFERENCES sessions, issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL, used_at timestamptz
  );
  CREATE INDEX ON refresh_tokens (session_id);
  CREATE TABLE codes (
    digest bytea PRIMARY KEY, user_id uuid NOT NULL, client_id text NOT NULL, redirect_uri text NOT NULL, challenge text NOT NULL,
    scope text NOT NULL, expires_at timestamptz NOT NULL, used_at timestamptz
  );`;

/** $1 presented digest, $2 successor digest. No row: refused. */
export const ROTATE = {
  name: 'rotate',
  text: `
    WITH used AS (
      UPDATE refresh_tokens t SET used_at = now() FROM sessions s
      WHERE t.digest = $1 AND t.used_at IS NULL AND t.expires_at > now() AND s.id = t.session_id AND s.revoked_at IS NULL
      RETURNING s.id, s.user_id, s.client_id, s.scope
    ), next AS (
      INSERT INTO refresh_tokens (digest, session_id, expires_at) SELECT $2, id, now() + interval '14 days' FROM used
    )
    SELECT * FROM used`,
};

/** $1 code digest, $2 client, $3 redirect URI, $4 challenge, $5 session, $6 refresh digest. */
export const REDEEM = {
  name: 'redeem',
  text: `
    WITH used AS (
      UPDATE codes SET used_at = now()
      WHERE digest = $1 AND client_id = $2 AND redirect_uri = $3 AND challenge = $4 AND used_at IS NULL AND expires_at > now()
      RETURNING user_id, client_id, scope
    ), opened AS (
      INSERT INTO sessions (id, user_id, client_id, scope) SELECT $5, user_id, client_id, scope FROM used RETURNING id
    ), next AS (
      INSERT INTO refresh_tokens (digest, session_id, expires_at) SELECT $6, id, now() + interval '14 days' FROM opened
    )
    SELECT user_id, scope FROM used`,
};

export const CLIENT = {
  name: 'client',
  text: 'SELECT scope FROM clients WHERE client_id = $1 AND secret_digest = $2',
};

/** The client and the session of a verified token in one go. */
export const INTROSPECT = {
  name: 'introspect',
  text: `
    SELECT EXISTS (SELECT 1 FROM sessions WHERE id = $3 AND revoked_at IS NULL) AS active
    FROM clients WHERE client_id = $1 AND secret_digest = $2`,
};

export const INTROSPECT_REFRESH = {
  name: 'introspect-refresh',
  text: `
    SELECT t.digest IS NOT NULL AS active, s.user_id, s.client_id, s.scope,
           extract(epoch FROM t.expires_at)::int AS exp, extract(epoch FROM t.issued_at)::int AS iat
    FROM clients c
    LEFT JOIN (refresh_tokens t JOIN sessions s ON s.id = t.session_id AND s.revoked_at IS NULL)
      ON t.digest = $3 AND t.used_at IS NULL AND t.expires_at > now()
    WHERE c.client_id = $1 AND c.secret_digest = $2`,
};

export const USER = { name: 'user', text: 'SELECT id, password_hash FROM users WHERE email = $1' };

export const OPEN_SESSION = {
  name: 'open',
  text: `
    WITH opened AS (INSERT INTO sessions (id, user_id, client_id, scope) VALUES ($1, $2, 'bare', $3) RETURNING id)
    INSERT INTO refresh_tokens (digest, session_id, expires_at) SELECT $4, id, now() + interval '14 days' FROM opened`,
};

export const REGISTER = {
  name: 'register',
  text: 'INSERT INTO users (email, password_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id',
};
