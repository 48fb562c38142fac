import { z } from 'zod';
import { OAuthError } from '../../errors/oauth-error.js';

const text = (most: number) =>
  z
    .string('must be text')
    .max(most, 'is too long')
    .refine((value) => !value.includes('\u0000'), 'has a NUL character');

/** How a caller proves who it is (RFC 6749 section 2.3.1, RFC 7523 section 2.2). */
export const ClientFields = z.object({
  client_id: text(2048).optional(),
  client_secret: text(16_384).optional(),
  client_assertion: text(16_384).optional(),
  client_assertion_type: text(100).optional(),
});

/** RFC 7662 section 2.1. */
export const IntrospectMessage = z.object({ token: text(16_384).min(1, 'is empty') });

export const VerifyMessage = z.object({
  /** An access token or an API key; none when the request had none, which is refused with the way in. */
  credential: text(16_384).nullish(),
  resource: text(2048),
  scopes: z.array(text(200).min(1, 'is empty'), 'must be a list').max(100, 'is too long').default([]),
  /** Where the credential came from: API keys may be bound to networks. */
  address: text(100).optional(),
});
export type VerifyMessage = z.output<typeof VerifyMessage>;

/** @throws OAuthError `invalid_request` naming the field, and never what stood in it. */
export function fieldsOf<Schema extends z.ZodType>(schema: Schema, message: unknown): z.output<Schema> {
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new OAuthError('invalid_request', 'The data of the message must be an object.');
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const { path = [], message: problem = '' } = parsed.error.issues[0] ?? {};
  const missing = (message as Record<PropertyKey, unknown>)[path[0] ?? ''] === undefined;
  throw new OAuthError('invalid_request', `${path.join('.')} ${missing ? 'is missing' : problem}.`);
}
