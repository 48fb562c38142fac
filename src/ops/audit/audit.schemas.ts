import { z } from 'zod';
import type { AuditRecord } from './audit-event.js';

type Position = Pick<AuditRecord, 'at' | 'id'>;

/** Where a page ended, as one opaque word. */
export const cursorOf = ({ at, id }: Position): string =>
  Buffer.from(`${at.getTime()} ${id}`).toString('base64url');

const Cursor = z
  .string()
  .max(200)
  .transform((value, context): Position => {
    const [ms = '', id, ...rest] = Buffer.from(value, 'base64url').toString().split(' ');
    const at = new Date(/^\d{1,15}$/.test(ms) ? Number(ms) : NaN);
    if (rest.length === 0 && !Number.isNaN(at.getTime()) && z.uuid().safeParse(id).success)
      return { at, id: id ?? '' };
    context.addIssue({ code: 'custom', message: 'is not a cursor of ours' });
    return z.NEVER;
  });
const Moment = z.iso.datetime({ offset: true }).transform((value) => new Date(value));
const Count = z
  .string()
  .regex(/^\d{1,4}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.number().min(1).max(1000));

const Text = z
  .string()
  .min(1)
  .max(2048)
  .refine((value) => !value.includes('\u0000'), 'must not contain NUL');

export const AuditQuery = z.object({
  event: z
    .string()
    .regex(/^[a-z_]+(\.[a-z_]+)?$/, 'must be an event such as key.revoked, or what stands before its dot')
    .max(100)
    .optional(),
  user: z.uuid().optional(),
  client: Text.optional(),
  key: z.uuid().optional(),
  resource: Text.optional(),
  tool: Text.optional(),
  outcome: z.enum(['allowed', 'denied']).optional(),
  since: Moment.optional(),
  until: Moment.optional(),
  limit: Count.default(100),
  cursor: Cursor.optional(),
});

const nullable = z.string().nullable();
export const AuditAnswer = z.object({
  events: z.array(
    z.object({
      id: z.uuid(),
      at: z.iso.datetime(),
      event: z.string(),
      outcome: z.enum(['allowed', 'denied']),
      reason: nullable.describe('why not: an error code, and what denied it'),
      principal: z.enum(['user', 'api_key', 'client']).nullable(),
      user_id: nullable,
      client_id: nullable,
      key_id: nullable,
      session_id: nullable,
      actor: nullable.describe('the client that acts for the person by token exchange'),
      operation_kind: nullable.describe(
        'tool, prompt, resource or method; else the kind of thing that was changed',
      ),
      operation: nullable.describe('the name of the tool, or the id of what was changed'),
      resource: nullable.describe('what the credential is for: the server whose tool was called'),
      request_id: z.string(),
      address: nullable,
      arguments: nullable.describe('only with AUDIT_ARGUMENTS=true'),
    }),
  ),
  next_cursor: nullable.describe('null at the end'),
});
