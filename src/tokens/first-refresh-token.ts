/**
 * Part of a statement that has opened a session in `opened`: enters its first refresh token. `person` is a row with the
 * `user_scopes` of its person, as they were when that row was locked; the others are parameters.
 */
export const firstRefreshToken = (
  person: string,
  digest: string,
  family: string,
  idleEnd: string,
): string => `
  INSERT INTO refresh_tokens (session_id, user_id, session_expires_at, client_id, resource, scopes, user_scopes, family_digest,
                              digest, issued_at, expires_at)
  SELECT o.id, o.user_id, o.expires_at, o.client_id, o.resource, o.scopes, user_scopes, ${family},
         ${digest}, o.created_at, least(${idleEnd}::timestamptz, o.expires_at)
  FROM opened o, ${person} WHERE ${digest}::bytea IS NOT NULL RETURNING session_id`;
