import { type Config, loadConfig } from '../config/config.js';
import { environment } from '../config/environment.js';
import { ResourceAuthentication } from '../auth/resource-authentication.js';
import {
  describedResource,
  type GuardOptions,
  type RunningGuard,
  startGuard,
} from '../gateway/proxy/guard-parts.js';
import { type KnownTool, Policy } from '../gateway/proxy/policy.js';
import { type PolicyFile, parsePolicy, readPolicy } from '../gateway/proxy/policy-file.js';
import { createServiceGuard } from '../gateway/proxy/service-guard.js';
import { createResourceGuard } from '../guard/create-guard.js';
import type { ResourceGuard } from '../guard/resource-guard.js';
import { ResourcesRepository } from '../resources/resources.repository.js';
import { masterKeyOf, type Service, startService } from '../service.js';
import { type GuardArguments, guardArguments, noServer } from './guard-arguments.js';
import { guardBanner } from './guard-banner.js';
import { localKeeping, serviceKeeping } from './guard-keeping.js';
import { untilStopped } from './until-stopped.js';

const USAGE = `toolgate guard [options] URL                 before a Streamable HTTP server
toolgate guard [options] -- COMMAND ARGUMENTS  before a stdio server

  --name NAME      how the server is called; its scopes are NAME:read and NAME:write. Unless given: the word that
                   the command or the host begins with (memory, notes), or else "server"
  --policy FILE    who may do what, as JSON (docs/guard.md)
  --port PORT      where the guard listens; default GUARD_PORT or 4001
  --issuer URL     a Toolgate that runs elsewhere, asked with GUARD_CLIENT_ID and GUARD_CLIENT_SECRET;
                   without it, the whole service runs here as well, on PORT
  --env NAME       hand this variable of the environment on to the command; may be repeated
`;

/** What of our own environment a command gets unasked: enough to find its programs and its user's folders. */
const EVERYDAY = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'SYSTEMROOT'];
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Runs a guard until it is told to stop. */
export async function guard(args: string[]): Promise<void> {
  if (args.length === 0 || args[0] === '--help') {
    console.error(USAGE);
    return;
  }
  const given = guardArguments(args);
  const env = environment();
  const config = loadConfig(
    given.port === undefined ? env : { ...env, GUARD_PORT: given.port },
    given.issuer === undefined ? 'service' : 'guard',
  );
  const publicUrl = config.GUARD_PUBLIC_URL ?? `http://localhost:${config.GUARD_PORT}`;
  const resource = `${publicUrl}/mcp`;
  const file: PolicyFile =
    given.policy === undefined ? parsePolicy('{}', 'default') : readPolicy(given.policy);
  const policy = new Policy(given.name, file);
  const service = given.issuer === undefined ? await startService(config, say) : undefined;
  let running: RunningGuard | undefined;
  const stop = async () => {
    await running?.close(config.SHUTDOWN_GRACE * 1000);
    await service?.stop();
  };
  const enter = async (tools: readonly KnownTool[]) =>
    service?.app.get(ResourcesRepository).save(describedResource(resource, policy, tools), new Date());
  try {
    running = await startGuard({
      ...settingsOf(config),
      guard: service
        ? inProcess(service, config, resource, policy)
        : remote(given.issuer ?? '', config, resource, policy),
      policy,
      keeping: service ? serviceKeeping(service.app, config) : localKeeping(config),
      target: 'url' in given.target ? given.target : { ...given.target, env: childEnvironment(given, env) },
      secret: await masterKeyOf(config),
      toolsRead: enter,
      warn: say,
    });
    const warnings = await firstLook(given, running.tools);
    // People can sign in for a server that is not there yet.
    if (running.tools.all().length === 0) await enter([]);
    const target =
      'url' in given.target ? given.target.url : [given.target.command, ...given.target.args].join(' ');
    const issuer = given.issuer ?? config.issuer;
    say(guardBanner({ target, resource, issuer, policy, tools: running.tools.all(), warnings }));
    untilStopped(stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function say(line: string): void {
  console.error(line);
}

/** A server that cannot be asked yet may come; a command that cannot be run will not. */
async function firstLook({ target }: GuardArguments, tools: { refresh(): Promise<void> }): Promise<string[]> {
  const warnings: string[] = [];
  try {
    await tools.refresh();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!('url' in target)) throw new Error(noServer(target, reason), { cause: error });
    warnings.push(
      `The server cannot be asked for its tools yet (${reason}). It is asked again with the first call.`,
    );
  }
  if ('url' in target && !LOOPBACK.includes(new URL(target.url).hostname))
    warnings.push(
      'The server behind is not on loopback. Whoever can reach it directly goes around this guard: let its network admit ' +
        'the guard alone, or let it require the assertion that the guard sends (docs/guard.md).',
    );
  return warnings;
}

function settingsOf(
  config: Config,
): Omit<GuardOptions, 'guard' | 'policy' | 'keeping' | 'target' | 'secret' | 'toolsRead' | 'warn'> {
  return {
    host: config.HOST,
    port: config.GUARD_PORT,
    upstreamHeaders: config.GUARD_UPSTREAM_HEADERS,
    timeoutMs: config.GUARD_UPSTREAM_TIMEOUT * 1000,
    processes: {
      most: config.GUARD_PROCESSES,
      mostPerOwner: config.GUARD_PROCESSES_PER_CALLER,
      idleMs: config.GUARD_PROCESS_IDLE * 1000,
    },
    allowedOrigins: config.ALLOWED_ORIGINS,
    trustedProxies: config.TRUST_PROXY,
    bodyLimit: config.BODY_LIMIT,
  };
}

function childEnvironment({ passed }: GuardArguments, env: NodeJS.ProcessEnv): Record<string, string> {
  const missing = passed.filter((name) => env[name] === undefined);
  if (missing.length > 0) throw new Error(`--env: ${missing.join(', ')} is not set.`);
  return Object.fromEntries(
    [...EVERYDAY, ...passed].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}

function inProcess({ app }: Service, config: Config, resource: string, policy: Policy): ResourceGuard {
  const authentication = app.get(ResourceAuthentication);
  return createServiceGuard({
    issuer: config.issuer,
    resource,
    resourceName: policy.name,
    scopes: policy.scopes().map(({ name }) => name),
    rules: config.scopes,
    authenticate: ({ headers, address }) => authentication.authenticate(resource, { headers, ip: address }),
    onFailure: (error) => {
      say(`guard: ${error.message}`);
    },
  });
}

function remote(issuer: string, config: Config, resource: string, policy: Policy): ResourceGuard {
  const { GUARD_CLIENT_ID: clientId, GUARD_CLIENT_SECRET: clientSecret } = config;
  if (clientId === undefined || clientSecret === undefined)
    throw new Error(
      '--issuer needs GUARD_CLIENT_ID and GUARD_CLIENT_SECRET: a client of that Toolgate which serves this resource.',
    );
  return createResourceGuard({
    issuer,
    resource,
    resourceName: policy.name,
    scopes: policy.scopes().map(({ name }) => name),
    introspection: { clientId, clientSecret },
    scopeHierarchy: config.SCOPE_HIERARCHY,
    onFailure: (error) => {
      say(`guard: ${error.message}`);
    },
  });
}
