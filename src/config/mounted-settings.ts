import { type Config, loadConfig } from './config.js';
import { environment } from './environment.js';
import { SETTINGS } from './settings.js';

type Settings = typeof SETTINGS;
type Name = keyof Settings;
/** The application listens, not the service in it; and a guard is a process of its own. */
type Elsewhere = 'HOST' | 'PORT' | Extract<Name, `GUARD_${string}`>;
type Own = Exclude<Name, Elsewhere>;
type Secret = { [One in Own]: Settings[One] extends { secret: true } ? One : never }[Own];

/**
 * The settings of docs/configuration.md for a service that is mounted in another application: as they stand in an environment,
 * or as numbers, booleans and, for UPSTREAM_PROVIDERS, a list. A secret may be in the file that `<NAME>_FILE` names.
 */
export type MountedSettings = Readonly<
  Partial<Record<Own, string | number | boolean | readonly object[]> & Record<`${Secret}_FILE`, string>>
>;

const isElsewhere = (name: string): boolean => /^(?:HOST|PORT|GUARD_.*)$/.test(name);
const isSecret = (name: string): boolean =>
  Object.hasOwn(SETTINGS, name) && 'secret' in (SETTINGS[name as Name] as object);
const baseOf = (name: string): string =>
  isSecret(name.replace(/_FILE$/, '')) ? name.replace(/_FILE$/, '') : name;

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? JSON.stringify(value) : undefined;
}

/** @throws ConfigError naming every setting that is bad, unknown or not for here, and printing no value. */
export function mountedConfig(settings: MountedSettings): Config {
  const problems: string[] = [];
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings) as [string, unknown][]) {
    if (value === undefined) continue;
    const text = textOf(value);
    if (isElsewhere(name)) problems.push(`${name} is not for a mounted service; leave it out`);
    else if (!Object.hasOwn(SETTINGS, baseOf(name))) problems.push(`${name} is not a setting`);
    else if (text === undefined) problems.push(`${name} must be a string, a number, a boolean or a list`);
    else env[name] = text;
  }
  return loadConfig(env, 'mounted', problems);
}

/** What the environment of this process says, for whoever asks: the module by itself never looks. */
export function settingsFromEnvironment(): MountedSettings {
  return Object.fromEntries(
    Object.entries(environment()).filter(
      ([name]) => Object.hasOwn(SETTINGS, baseOf(name)) && !isElsewhere(name),
    ),
  );
}
