import { z } from 'zod';

/** Postgres's text cannot hold NUL. */
const text = () => z.string().refine((value) => !value.includes('\u0000'), 'must not contain NUL');

/** ASCII only (zod's e-mail pattern), so no look-alike and no case folding outside a-z can make two accounts of one. */
const Email = z.email('must be an e-mail address in ASCII').max(254).meta({ example: 'ada@example.com' });
/** Long enough for any passphrase, short enough that hashing stays bounded. */
const Password = text().max(512);

export const RegisterBody = z.object({
  email: Email,
  password: Password.min(8, 'must have at least 8 characters').meta({
    example: 'correct horse battery staple 42',
  }),
  name: text().trim().min(1).max(200).optional(),
});

export const LoginBody = z.object({
  // Not checked for shape: a wrong address gets the same answer as an unknown one.
  email: text().min(1).max(320).meta({ example: 'ada@example.com' }),
  password: Password.min(1).meta({ example: 'correct horse battery staple 42' }),
  scope: text()
    .max(4096)
    .optional()
    .describe('Scopes separated by spaces; without it, all that the user may hold'),
});

export const RefreshBody = z.object({ refresh_token: text().min(1).max(512) });
export const LogoutBody = z.object({ refresh_token: text().min(1).max(512).optional() }).nullish();

export const UserView = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string().nullable(),
  scopes: z.array(z.string()),
  created_at: z.iso.datetime(),
});
export const RegisterAnswer = z.object({ user: UserView });
export const TokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().describe('seconds'),
  refresh_token: z.string(),
  scope: z.string().describe('what was granted, separated by spaces'),
});
export const MeAnswer = z.object({
  user: UserView,
  credential: z.object({
    kind: z.enum(['user', 'api_key', 'client']),
    scopes: z.array(z.string()),
    resource: z.string(),
    session_id: z.uuid().optional(),
    client_id: z.string().optional(),
    key_id: z.uuid().optional(),
  }),
});
export const SessionsAnswer = z.object({
  sessions: z.array(
    z.object({
      id: z.uuid(),
      current: z.boolean().describe('true for the session of this request'),
      client_id: z.string(),
      resource: z.string(),
      scopes: z.array(z.string()),
      address: z.string().nullable(),
      user_agent: z.string().nullable(),
      created_at: z.iso.datetime(),
      last_used_at: z.iso.datetime(),
      expires_at: z.iso.datetime(),
    }),
  ),
});
