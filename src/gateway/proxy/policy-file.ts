import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { LADDER_SCOPES } from '../../access/scopes.js';

const scope = z
  .string('must be a scope')
  .regex(/^[a-z0-9_.-]+:[a-z0-9_.-]+$/, 'must be a scope such as notes:read')
  .refine((name) => !LADDER_SCOPES.includes(name), 'is a broad scope: name the narrow one that it covers');
const needed = z.array(scope, 'must be a list of scopes');
const rules = z
  .record(z.string().min(1), z.union([z.literal('deny'), needed], 'must be a list of scopes, or "deny"'))
  .default({});

const PolicyFile = z.strictObject(
  {
    read: needed.optional(),
    write: needed.optional(),
    tools: rules,
    prompts: rules,
    resources: rules,
    methods: rules,
    scopes: z.record(scope, z.string('must be a sentence').min(1, 'must be a sentence').max(300)).default({}),
    client_roots: z.boolean('must be true or false').default(false),
  },
  'has members that are not known: read, write, tools, prompts, resources, methods, scopes and client_roots are',
);
export type PolicyFile = z.output<typeof PolicyFile>;

/** Every mistake of a policy, by its place. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

export function parsePolicy(text: string, source: string): PolicyFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PolicyError(`The policy ${source} is not JSON.`);
  }
  const parsed = PolicyFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message, code, ...issue }) => {
    const keys = code === 'unrecognized_keys' && 'keys' in issue ? ` (${issue.keys.join(', ')})` : '';
    return `  - ${path.length === 0 ? 'the file' : path.map(String).join('.')} ${message}${keys}`;
  });
  throw new PolicyError(`The policy ${source} is not usable:\n${mistakes.join('\n')}\nSee docs/guard.md.`);
}

export function readPolicy(file: string): PolicyFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new PolicyError(`The policy ${file} cannot be read.`);
  }
  return parsePolicy(text, file);
}
