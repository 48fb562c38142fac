import { z } from 'zod';
import { parseCidr } from '../access/cidr.js';

const text = () => z.string().refine((value) => !value.includes('\u0000'), 'must not contain NUL');
const Cidr = z
  .string()
  .max(64)
  .transform((value, context) => {
    const cidr = parseCidr(value);
    if (cidr !== undefined) return cidr;
    context.addIssue({ code: 'custom', message: 'must be an address or a CIDR such as 10.0.0.0/8' });
    return z.NEVER;
  });

const TEN_YEARS = 315_360_000;
const THIRTY_DAYS = 2_592_000;

/** What is taken for one of ours: passed over silently, each would make a key that may do more than was meant. */
const MISTAKEN: Readonly<Record<string, string>> = {
  scope: 'scopes',
  expires: 'expires_in',
  expires_at: 'expires_in',
  ttl: 'expires_in',
  cidrs: 'allowed_cidrs',
  allowed_cidr: 'allowed_cidrs',
  allowed_ips: 'allowed_cidrs',
  aud: 'resource',
  audience: 'resource',
  resources: 'resource',
};

const KeyFields = z.looseObject({
  name: text().trim().min(1).max(100).meta({ example: 'nightly report agent' }),
  scopes: z
    .array(text().min(1).max(200))
    .min(1)
    .max(100)
    .optional()
    .describe("Default: the caller's scopes over MCP tools"),
  resource: text()
    .min(1)
    .max(500)
    .optional()
    .describe('The MCP server that the key is for, one of the known resources; default: the built-in one'),
  expires_in: z.number().int().min(1).max(TEN_YEARS).optional().describe('seconds; default: never'),
  allowed_cidrs: z
    .array(Cidr)
    .max(50)
    .optional()
    .meta({ example: ['10.0.0.0/8'] }),
});
export const CreateKeyBody = KeyFields.superRefine((body, context) => {
  for (const [wrong, right] of Object.entries(MISTAKEN))
    if (Object.hasOwn(body, wrong))
      context.addIssue({ code: 'custom', path: [wrong], message: `is not a field here; use ${right}` });
});
export const RotateKeyBody = z
  .object({
    overlap: z
      .number()
      .int()
      .min(0)
      .max(THIRTY_DAYS)
      .optional()
      .describe('seconds that the old secret stays good; default 0'),
  })
  .nullish();

const KeyView = z.object({
  id: z.uuid(),
  prefix: z.string().describe('how the key begins: no secret'),
  name: z.string(),
  resource: z.string().describe('the one MCP server that it is good for'),
  scopes: z.array(z.string()),
  allowed_cidrs: z.array(z.string()),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable(),
  rotated_at: z.iso.datetime().nullable(),
  previous_expires_at: z.iso
    .datetime()
    .nullable()
    .describe('until when the secret before the last rotation is good'),
});
export const KeyAnswer = KeyView.extend({
  key: z.string().describe('the secret: shown here and never again'),
});
export const KeysAnswer = z.object({ keys: z.array(KeyView) });
