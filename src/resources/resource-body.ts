import { z } from 'zod';
import { canonicalResource } from './resource.js';

const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((value) => !value.includes('\u0000'), 'must not contain NUL');
const ScopeName = z.string().regex(/^[a-z0-9_.-]+:[a-z0-9_.-]+$/, 'must look like noun:verb');
const Identifier = z
  .string()
  .max(500)
  .refine(
    (value) => canonicalResource(value) !== undefined,
    'must be an http or https URL without a fragment',
  );

/** A resource as an operator enters it. */
export const ResourceBody = z.object({
  identifier: Identifier.meta({ example: 'https://mcp.example.com/mcp' }),
  name: text(200),
  scopes: z.array(z.object({ name: ScopeName, description: text(500) })).max(200),
  default_scopes: z.array(ScopeName).max(200),
  tools: z
    .array(
      z.object({
        name: text(128),
        title: text(200),
        description: text(2000).default(''),
        scopes: z.array(ScopeName).max(50),
        kind: z.enum(['read', 'write', 'destructive']),
      }),
    )
    .max(1000)
    .default([]),
});
