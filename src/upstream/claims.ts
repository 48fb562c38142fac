import { z } from 'zod';
import type { UpstreamPerson } from '../users/upstream-identities.repository.js';

type Claims = Readonly<Record<string, unknown>>;
export type Described = Omit<UpstreamPerson, 'provider' | 'subject'>;

/** As in registration: ASCII alone, so no look-alike makes an account beside another (attack 23). */
const Email = z.email().max(254);

export function emailOf(value: unknown): string | null {
  const parsed = Email.safeParse(value);
  return parsed.success ? parsed.data : null;
}

export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const name = value.replaceAll('\u0000', '').trim().slice(0, 200).trim();
  return name === '' ? null : name;
}

/**
 * Amazon Cognito writes "true". Microsoft writes no `email_verified`, and its `email` is whatever a tenant's administrator
 * typed in; `xms_edov` is its word for an address whose domain's owner proved it.
 */
const isVerified = (claims: Claims, microsoft: boolean): boolean =>
  microsoft
    ? [true, 'true', 1, '1'].includes(claims['xms_edov'] as never)
    : [true, 'true'].includes(claims['email_verified'] as never);

export function described(claims: Claims, microsoft = false): Described {
  const email = emailOf(claims['email']);
  return {
    email,
    emailVerified: email !== null && isVerified(claims, microsoft),
    name: nameOf(claims['name']),
  };
}

const GithubEmails = z.array(
  z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }).loose(),
);

/** The primary address, with GitHub's own word on whether it is verified. */
export function githubDescribed(user: Claims, emails: unknown): Described {
  const primary = (GithubEmails.safeParse(emails).data ?? []).find((one) => one.primary);
  const email = emailOf(primary?.email);
  return {
    email,
    emailVerified: email !== null && primary?.verified === true,
    name: nameOf(user['name'] ?? user['login']),
  };
}
