/**
 * Part of a statement that opens a session: enters its first refresh token. `opened` is a row with the session's columns and
 * the `user_scopes` of its person, as they were when that row was locked; `digest`, `family` and `idleEnd` are parameters.
 */
export const firstRefreshToken = (
  opened: string,
  digest: string,
  family: string,
  idleEnd: string,
): string => `
  INSERT INTO refresh_tokens (session_id, user_id, session_expires_at, client_id, resource, scopes, user_scopes, family_digest,
                              digest, issued_at, expires_at)
  SELECT id, user_id, expires_at, client_id, resource, scopes, user_scopes, ${family},
         ${digest}, created_at, least(${idleEnd}::timestamptz, expires_at)
  FROM ${opened} WHERE ${digest}::bytea IS NOT NULL RETURNING session_id`;
