/**
 * Parts of a statement that acts for a person: `person` has a row as long as they are not disabled, `session` as long as it is
 * alive and theirs. Locked in the order of all who end sessions, so that these wait, and then find what was done. The person's lock
 * is not shared: others would join in past whoever waits to disable them, who could then wait for ever.
 */
export const livingSession = (user: string, session: string): string => `
  person AS MATERIALIZED (SELECT id FROM users WHERE id = ${user} AND disabled_at IS NULL FOR NO KEY UPDATE),
  session AS (
    SELECT s.id FROM sessions s, person WHERE s.id = ${session} AND s.user_id = person.id AND s.revoked_at IS NULL FOR SHARE OF s
  )`;
