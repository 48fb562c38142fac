/** By what a person has just proven who they are: the account's password, or the account at a provider that is linked to it. */
export type Proof = { readonly password: true } | { readonly provider: string; readonly subject: string };

/**
 * Part of a statement that opens a session: the row of the person `$2` with its `user_scopes`, locked, as long as they are not
 * disabled and the account still has what proved them. Who had squatted on an address loses it all to the address's owner, also
 * what is under way at that moment (docs/adr/0005).
 */
export const BY_PASSWORD = `
  SELECT id, scopes AS user_scopes FROM users
  WHERE id = $2 AND disabled_at IS NULL AND password_hash IS NOT NULL FOR SHARE`;

/** The same for a provider and a subject, which are these parameters. The link is locked after the person, as a takeover does. */
export const byIdentity = (provider: string, subject: string): string => `
  SELECT u.id, u.scopes AS user_scopes FROM users u JOIN upstream_identities i ON i.user_id = u.id
  WHERE u.id = $2 AND u.disabled_at IS NULL AND i.provider = ${provider} AND i.subject = ${subject} FOR SHARE OF u, i`;

/** The values of the two parameters; none for a password. */
export const valuesOf = (proof: Proof): string[] =>
  'password' in proof ? [] : [proof.provider, proof.subject];
