/** `noun:verb`, or the single word `admin` (RFC 6749 section 3.3 allows more; we use less). */
export type Scope = string;

/** Scopes over Toolgate itself. No ladder reaches them: they are held by name or not at all. */
export const SERVICE_SCOPES: readonly Scope[] = ['keys:write', 'sessions:write', 'admin'];

/** The ladder over a resource's own scopes, narrow to broad. */
export const LADDER_SCOPES: readonly Scope[] = ['mcp:read', 'mcp:write', 'mcp:admin'];

/** What a client may learn about the person (OpenID Connect Core section 5.4), and that it may stay (section 11). */
export const IDENTITY_SCOPES: readonly Scope[] = ['openid', 'profile', 'email', 'offline_access'];

/** What is said of each scope wherever a person must decide: docs, errors and, later, consent. */
export const SCOPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  'notes:read': 'List and search your notes',
  'notes:write': 'Write and delete your notes',
  'mcp:read': 'Everything that reads (every *:read scope)',
  'mcp:write': 'Everything that reads or writes (every *:read and *:write scope)',
  'mcp:admin': 'Everything this MCP server offers',
  'keys:write': 'Create, list, rotate and revoke your API keys',
  'sessions:write': 'List and end your sessions',
  admin: 'Run this Toolgate service',
  openid: 'Know that you are you',
  profile: 'See your name',
  email: 'See your e-mail address',
  offline_access: 'Stay connected while you are away',
};

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** RFC 6749 section 3.3: space-delimited, order meaningless. Undefined when a token has a forbidden character. */
export function parseScope(text: string): Scope[] | undefined {
  const scopes = [...new Set(text.split(' ').filter((scope) => scope !== ''))];
  return scopes.every((scope) => SCOPE_TOKEN.test(scope)) ? scopes : undefined;
}

export function formatScope(scopes: readonly Scope[]): string {
  return scopes.join(' ');
}
