import type { Statement } from '../database/database.js';

/** By what a person has just proven who they are: the account's password, or the account at a provider that is linked to it. */
export type Proof = { readonly password: true } | { readonly provider: string; readonly subject: string };

const BY_PASSWORD = `
  SELECT id, scopes AS user_scopes FROM users
  WHERE id = $2 AND disabled_at IS NULL AND password_hash IS NOT NULL FOR SHARE`;

// The link is locked after the person, as a takeover does.
const byIdentity = (provider: string, subject: string): string => `
  SELECT u.id, u.scopes AS user_scopes FROM users u JOIN upstream_identities i ON i.user_id = u.id
  WHERE u.id = $2 AND u.disabled_at IS NULL AND i.provider = ${provider} AND i.subject = ${subject} FOR SHARE OF u, i`;

/**
 * A statement that opens a session, for each proof. `text` is given a query for the row of the person `$2` with its
 * `user_scopes`, locked, which has one as long as they are not disabled and the account still has what proved them: who squatted on
 * an address loses it all to the address's owner, also what is under way at that moment (docs/adr/0005). `provider` and `subject`
 * are the parameters of {@link valuesOf}.
 */
export function openedBy(
  { name, provider, subject }: { name: string; provider: string; subject: string },
  text: (person: string) => string,
): (proof: Proof) => Statement {
  const password = { name, text: text(BY_PASSWORD) };
  const identity = { name: `${name}-by-identity`, text: text(byIdentity(provider, subject)) };
  return (proof) => ('password' in proof ? password : identity);
}

/** None for a password. */
export const valuesOf = (proof: Proof): string[] =>
  'password' in proof ? [] : [proof.provider, proof.subject];
