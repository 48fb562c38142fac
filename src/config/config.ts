import { readFileSync } from 'node:fs';
import { ScopeRules } from '../access/scope-rules.js';
import { microserviceProblems } from './microservice.js';
import { SETTINGS, type Values } from './settings.js';
import { usesHttps } from './upstream-providers.js';

/** The whole configuration: the settings, and the five values that follow from them. */
export interface Config extends Omit<Values, 'MASTER_KEY'> {
  /** RFC 8414 issuer: PUBLIC_URL, never taken from a request. */
  readonly issuer: string;
  /** The built-in MCP resource (RFC 8707): `<issuer>/mcp`. */
  readonly resource: string;
  /** Where RFC 9728 metadata of the built-in resource is. */
  readonly resourceMetadataUrl: string;
  /** Which scope covers which: the ladder and SCOPE_HIERARCHY. */
  readonly scopes: ScopeRules;
  /** Absent until the start has generated one; `withMasterKey` fills it. */
  readonly masterKey: Buffer | undefined;
}

/** Every bad variable at once, by name and never by value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nSee docs/configuration.md.`,
    );
    this.name = 'ConfigError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const isLoopback = (url: string) => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);

/** The value of a setting: from the environment, or for a secret from the file that `<NAME>_FILE` names. */
function raw(name: string, secret: boolean, env: Environment, problems: string[]): string | undefined {
  // Compose files and shells pass an empty string for what is not set.
  const direct = env[name] === '' ? undefined : env[name];
  const file = secret ? env[`${name}_FILE`] : undefined;
  if (file === undefined || file === '') return direct;
  if (direct !== undefined) {
    problems.push(`${name} and ${name}_FILE are both set; keep one`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    problems.push(`${name}_FILE cannot be read`);
    return undefined;
  }
}

/**
 * Parses the environment once into a frozen configuration.
 *
 * `guard` is one that stands by itself, with the service elsewhere: it needs no database. `mounted` is a service in another
 * application, which listens: it cannot know its URL by itself. `problems` are those that were found before.
 *
 * @throws ConfigError naming every bad variable.
 */
export function loadConfig(
  env: Environment,
  purpose: 'service' | 'guard' | 'mounted' = 'service',
  problems: string[] = [],
): Config {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const parsed = setting.schema.safeParse(raw(name, 'secret' in setting, env, problems));
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(`${name} ${[...new Set(parsed.error.issues.map((issue) => issue.message))].join('; ')}`);
  }
  if (purpose === 'mounted' && !env['PUBLIC_URL'])
    problems.push('PUBLIC_URL is required: where clients reach this application');
  if (problems.length > 0) throw new ConfigError(problems);

  const { MASTER_KEY, ...settings } = values as Values;
  const issuer = settings.PUBLIC_URL ?? `http://localhost:${settings.PORT}`;
  if (settings.REGISTRATION === 'token' && settings.REGISTRATION_TOKEN === undefined)
    problems.push('REGISTRATION_TOKEN is required when REGISTRATION is token');
  problems.push(...microserviceProblems(settings));
  if (settings.NODE_ENV === 'production') {
    if (MASTER_KEY === undefined)
      problems.push('MASTER_KEY is required in production (openssl rand -base64 32)');
    if (purpose !== 'guard' && settings.DATABASE_URL === undefined)
      problems.push('DATABASE_URL is required in production');
    if (settings.OUTBOUND_LOOPBACK) problems.push('OUTBOUND_LOOPBACK must not be set in production');
    if (purpose !== 'guard' && !issuer.startsWith('https:') && !isLoopback(issuer))
      problems.push('PUBLIC_URL must be https in production');
    if (!settings.UPSTREAM_PROVIDERS.every(usesHttps))
      problems.push('UPSTREAM_PROVIDERS must have https URLs alone in production');
  }
  if (problems.length > 0) throw new ConfigError(problems);

  return Object.freeze({
    ...settings,
    issuer,
    resource: `${issuer}/mcp`,
    resourceMetadataUrl: `${issuer}/.well-known/oauth-protected-resource/mcp`,
    scopes: new ScopeRules(settings.SCOPE_HIERARCHY),
    masterKey: MASTER_KEY === undefined ? undefined : Buffer.from(MASTER_KEY, 'base64'),
  });
}
