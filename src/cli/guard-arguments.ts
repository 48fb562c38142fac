import { parseArgs } from 'node:util';
import { SETTINGS } from '../config/settings.js';

export interface GuardArguments {
  readonly target: { readonly url: string } | { readonly command: string; readonly args: readonly string[] };
  readonly name: string;
  readonly policy: string | undefined;
  readonly port: string | undefined;
  readonly issuer: string | undefined;
  /** Variables of this environment that the process gets. */
  readonly passed: readonly string[];
}

/** What cannot be the noun of a guarded server's scopes: it means something else already. */
const TAKEN = ['mcp', 'keys', 'sessions', 'admin'];

const RUNNERS = ['npx', 'node', 'uvx', 'uv', 'python', 'python3', 'run', 'env', 'sh', 'bash'];
const FOLDERS = ['index', 'main', 'dist', 'build', 'src', 'bin', ''];

/** The last part of a path or package that says anything: `@scope/server-memory@1.2`, `/opt/server-memory/dist/index.js`. */
const wordOf = (argument: string): string | undefined =>
  argument
    .split('/')
    .map((part) => part.replace(/(.)@.*$/, '$1').replace(/\.[a-z]+$/, ''))
    .filter((part) => !FOLDERS.includes(part) && !RUNNERS.includes(part))
    .at(-1);

/** `@modelcontextprotocol/server-memory@1.2` is called memory; a URL is called as its host. */
function nameOf(target: GuardArguments['target']): string {
  const text =
    'url' in target
      ? new URL(target.url).hostname.split('.')[0]
      : [target.command, ...target.args]
          .filter((word) => !word.startsWith('-'))
          .flatMap((word) => wordOf(word) ?? [])[0];
  const name = (text ?? '')
    .toLowerCase()
    .replace(/^(?:mcp-)?server-|^mcp-|-mcp$|-server$/g, '')
    .replace(/[^a-z0-9_.-]/g, '-');
  const says = /[a-z]/.test(name) && name !== 'localhost' && !TAKEN.includes(name) && name.length <= 60;
  return says ? name : 'server';
}

/** Why a command is no server, as far as can be told from outside. */
export function noServer(
  { command, args }: { command: string; args: readonly string[] },
  reason: string,
): string {
  const asks = command === 'npx' && !args.some((word) => word === '-y' || word === '--yes');
  return `The command does not answer as an MCP server: ${reason}${asks ? '. If npx has to install it first, write `npx -y`' : ''}.`;
}

/** @throws Error whose words say what to write instead */
export function guardArguments(args: readonly string[]): GuardArguments {
  const split = args.indexOf('--');
  const { values, positionals } = parseArgs({
    args: split < 0 ? [...args] : args.slice(0, split),
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      policy: { type: 'string' },
      port: { type: 'string' },
      issuer: { type: 'string' },
      env: { type: 'string', multiple: true, default: [] },
    },
  });
  const [command, ...rest] = split < 0 ? [] : args.slice(split + 1);
  const [url, ...more] = positionals;
  if (more.length > 0 || (url === undefined) === (command === undefined))
    throw new Error('Name one server: `toolgate guard URL`, or `toolgate guard -- COMMAND ARGUMENTS`.');
  const target = command === undefined ? { url: upstreamUrl(url ?? '') } : { command, args: rest };
  if (!('command' in target) && values.env.length > 0)
    throw new Error('--env is for a command, not for a URL.');
  const secret = values.env.find((name) => name.replace(/_FILE$/, '') in SETTINGS);
  if (secret !== undefined) throw new Error(`--env ${secret}: this is a setting of Toolgate and stays here.`);
  const name = values.name ?? nameOf(target);
  if (!/^[a-z0-9_.-]{1,60}$/.test(name) || TAKEN.includes(name))
    throw new Error(`--name must be of a-z, 0-9, _, . and -, and none of: ${TAKEN.join(', ')}.`);
  return {
    target,
    name,
    policy: values.policy,
    port: values.port,
    issuer: values.issuer,
    passed: values.env,
  };
}

function upstreamUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new Error(`${text} is no http or https URL.`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw new Error(
      'The URL must have no user info and no fragment. Credentials go into GUARD_UPSTREAM_HEADERS.',
    );
  return url.href;
}
