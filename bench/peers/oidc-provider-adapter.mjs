const UPSERT = {
  name: 'upsert',
  text: `INSERT INTO oidc (model, id, payload, grant_id, uid, user_code, expires_at) VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
         ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
};
const ROW = 'payload, extract(epoch FROM consumed_at)::int AS consumed';
const FIND = {
  name: 'find',
  text: `SELECT ${ROW} FROM oidc WHERE model = $1 AND id = $2 AND (expires_at > now() OR expires_at IS NULL)`,
};
const BY_UID = { name: 'by-uid', text: `SELECT ${ROW} FROM oidc WHERE model = $1 AND uid = $2` };
const BY_USER_CODE = {
  name: 'by-user-code',
  text: `SELECT ${ROW} FROM oidc WHERE model = $1 AND user_code = $2`,
};
const CONSUME = { name: 'consume', text: 'UPDATE oidc SET consumed_at = now() WHERE model = $1 AND id = $2' };
const DESTROY = { name: 'destroy', text: 'DELETE FROM oidc WHERE model = $1 AND id = $2' };
const REVOKE = { name: 'revoke', text: 'DELETE FROM oidc WHERE model = $1 AND grant_id = $2' };

/** oidc-provider's storage on Postgres: one table, each operation one prepared statement by an index. */
export class PostgresAdapter {
  static schema = `
    CREATE TABLE IF NOT EXISTS oidc (
      model text NOT NULL, id text NOT NULL, payload jsonb NOT NULL, grant_id text, uid text, user_code text,
      expires_at timestamptz, consumed_at timestamptz, PRIMARY KEY (model, id)
    );
    CREATE INDEX IF NOT EXISTS oidc_grant ON oidc (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS oidc_uid ON oidc (uid) WHERE uid IS NOT NULL;
    CREATE INDEX IF NOT EXISTS oidc_user_code ON oidc (user_code) WHERE user_code IS NOT NULL`;

  constructor(pool, model) {
    this.pool = pool;
    this.model = model;
  }

  async upsert(id, payload, expiresIn) {
    const { grantId, uid, userCode } = payload;
    await this.pool.query({
      ...UPSERT,
      values: [this.model, id, payload, grantId, uid, userCode, expiresIn],
    });
  }

  async #one(statement, value) {
    const row = (await this.pool.query({ ...statement, values: [this.model, value] })).rows[0];
    return row && (row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed });
  }

  find = (id) => this.#one(FIND, id);
  findByUid = (uid) => this.#one(BY_UID, uid);
  findByUserCode = (code) => this.#one(BY_USER_CODE, code);

  consume = (id) => this.pool.query({ ...CONSUME, values: [this.model, id] });
  destroy = (id) => this.pool.query({ ...DESTROY, values: [this.model, id] });
  revokeByGrantId = (grantId) => this.pool.query({ ...REVOKE, values: [this.model, grantId] });
}
