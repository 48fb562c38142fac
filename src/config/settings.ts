import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseScopeHierarchy, scopeHierarchyProblem } from '../access/scope-rules.js';
import { listenAddress, natsUrl } from './microservice.js';
import { upstreamHeaders } from './upstream-headers.js';
import { upstreamProviders } from './upstream-providers.js';
import { writeHours } from './write-hours.js';

/** Every setting: its name, type, default and one line of doc. `.env.example` and `docs/configuration.md` are made from this. */
export interface Setting<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  readonly doc: string;
  /** A secret is never printed, and may come from a file named by `<NAME>_FILE`. */
  readonly secret?: true;
  readonly defaultDoc?: string;
}

const setting = <T extends z.ZodType>(
  schema: T,
  doc: string,
  more: Omit<Setting, 'schema' | 'doc'> = {},
): Setting<T> => ({
  schema,
  doc,
  ...more,
});

const integer = (low: number, high: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(low).max(high));
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const isNetwork = (text: string): boolean => {
  const [host = '', bits, ...rest] = text.split('/');
  const width = isIP(host) === 4 ? 32 : 128;
  return (
    isIP(host) > 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width))
  );
};
const origin = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .refine(
    (value) => !value.endsWith('/') && !/[?#]/.test(value),
    'must have no trailing slash, query or fragment',
  );

export const SETTINGS = {
  NODE_ENV: setting(
    z.enum(['development', 'test', 'production']).default('development'),
    'In `production`, MASTER_KEY and DATABASE_URL are required and PUBLIC_URL must be https (loopback excepted).',
  ),
  HOST: setting(z.string().min(1).default('127.0.0.1'), 'Address to listen on.'),
  PORT: setting(integer(0, 65535).default(4000), 'Port to listen on.'),
  PUBLIC_URL: setting(
    origin.optional(),
    'The issuer: the URL at which clients reach this service, byte for byte, without a trailing slash.',
    { defaultDoc: 'http://localhost:<PORT>' },
  ),
  DATABASE_URL: setting(
    z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
    'The Postgres to use (15 or newer). Unset: an embedded one under DATA_DIR.',
    { secret: true },
  ),
  DATABASE_POOL_SIZE: setting(integer(2, 500).default(10), 'Connections to Postgres per process.'),
  DATABASE_PREPARED_STATEMENTS: setting(
    flag.default(true),
    'Set to `false` behind pgbouncer older than 1.21 in transaction mode.',
  ),
  DATA_DIR: setting(
    z.string().min(1).default('.toolgate'),
    'Folder for the embedded database and generated local secrets.',
  ),
  MASTER_KEY: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'must be 32 bytes in base64')
      .optional(),
    'Encrypts signing keys and derives refresh tokens: 32 bytes in base64 (`openssl rand -base64 32`). Losing it ends every session.',
    { secret: true, defaultDoc: 'generated into DATA_DIR; required in production' },
  ),
  SIGNING_ALGORITHM: setting(
    z.enum(['ES256', 'EdDSA', 'RS256']).default('ES256'),
    'Signature algorithm of new access-token signing keys.',
  ),
  ACCESS_TOKEN_TTL: setting(integer(10, 86_400).default(900), 'Life of an access token, in seconds.'),
  REFRESH_REPLAY_WINDOW: setting(
    integer(0, 600).default(30),
    'For this many seconds after its use a refresh token still answers, with the same successor; of a session the last eight do, an older one ends it.',
  ),
  REFRESH_IDLE_TTL: setting(
    integer(60, 31_536_000).default(1_209_600),
    'A refresh token unused for this many seconds is dead.',
  ),
  SESSION_TTL: setting(
    integer(60, 315_360_000).default(7_776_000),
    'A session ends after this many seconds, however much it is used.',
  ),
  REVOCATION_POLL_MS: setting(
    integer(50, 1000).default(250),
    'How often a replica asks Postgres what was revoked, and how old what it remembers of clients and resources may be, in milliseconds.',
  ),
  REVOCATION_MAX_STALENESS: setting(
    integer(1, 3600).default(30),
    'After this many seconds without an answer from Postgres, cached credentials are no longer trusted (503).',
  ),
  DEFAULT_USER_SCOPES: setting(
    z
      .string()
      .default('mcp:write keys:write sessions:write')
      .transform((value) => value.split(' ').filter((item) => item !== ''))
      .refine(
        (scopes) => scopes.every((scope) => /^[a-z0-9_.-]+(:[a-z0-9_.-]+)?$/.test(scope)),
        'must be scopes separated by spaces',
      ),
    'What a newly registered user may do, separated by spaces.',
  ),
  SCOPE_HIERARCHY: setting(
    z
      .string()
      .transform(parseScopeHierarchy)
      .superRefine((chains, context) => {
        const problem = scopeHierarchyProblem(chains);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .default([]),
    'Which scopes cover others, the broadest first, beside the ladder mcp:admin > mcp:write > mcp:read: `billing:admin > billing:write > billing:read; vault:open > vault:list`.',
    { defaultDoc: 'none' },
  ),
  PASSWORD_MEMORY_KIB: setting(
    integer(19_456, 1_048_576).default(19_456),
    'argon2id memory per hash, in KiB. Raising it rehashes at the next login.',
  ),
  PASSWORD_TIME_COST: setting(integer(2, 20).default(2), 'argon2id passes.'),
  HASH_QUEUE: setting(
    integer(1, 10_000).default(100),
    'Password hashes that may wait; past that the answer is 503.',
  ),
  HASH_THREADS: setting(
    integer(1, 1024).default(availableParallelism()),
    'Passwords hashed at a time, each in a thread with PASSWORD_MEMORY_KIB and about 10 MB more while there is work.',
    { defaultDoc: 'the number of cores' },
  ),
  LOGIN_LIMIT_ACCOUNT: setting(integer(1, 1_000_000).default(10), 'Failed logins per account and window.'),
  LOGIN_LIMIT_ADDRESS: setting(
    integer(1, 1_000_000).default(100),
    'Failed logins per address (IPv6: per /64) and window.',
  ),
  REGISTER_LIMIT_ADDRESS: setting(
    integer(1, 1_000_000).default(100),
    'Registrations per address (IPv6: per /64) and window.',
  ),
  REGISTRATION: setting(
    z.enum(['open', 'token', 'off']).default('open'),
    'Who may register an OAuth client (RFC 7591): anybody, holders of REGISTRATION_TOKEN, or nobody.',
  ),
  REGISTRATION_TOKEN: setting(
    z.string().min(20, 'must have at least 20 characters').optional(),
    'The initial access token that REGISTRATION=token asks for.',
    { secret: true },
  ),
  REGISTRATION_UNUSED_TTL: setting(
    integer(60, 31_536_000).default(604_800),
    'A registered client that completes no grant within this many seconds is removed.',
  ),
  REGISTRATION_LIMIT_ADDRESS: setting(
    integer(1, 1_000_000).default(100),
    'Client registrations per address (IPv6: per /64) and window.',
  ),
  CLIENT_DOCUMENTS: setting(
    flag.default(true),
    'Whether clients may be known by a metadata document at their client_id (CIMD).',
  ),
  OUTBOUND_LOOPBACK: setting(
    flag.default(false),
    'Lets client documents and keys be fetched from loopback over http. For development only; refused in production.',
  ),
  AUTHORIZATION_CODE_TTL: setting(integer(10, 600).default(60), 'Life of an authorization code, in seconds.'),
  DEVICE_CODE_TTL: setting(integer(60, 3600).default(600), 'Life of a device code, in seconds.'),
  DEVICE_POLL_INTERVAL: setting(integer(1, 60).default(5), 'Seconds that a device waits between its polls.'),
  MCP_SESSION_IDLE_TTL: setting(
    integer(60, 31_536_000).default(86_400),
    'An MCP session (of a client of a 2025 revision) unused for this many seconds is gone.',
  ),
  UPSTREAM_PROVIDERS: setting(
    upstreamProviders.default([]),
    'Providers that people may sign in through: a JSON list of `{id, name?, preset?, issuer?, authorization_url?, token_url?, userinfo_url?, client_id, client_secret, token_auth_method?, scopes?}`; presets are google, github and microsoft. The redirect URI to register there is `<PUBLIC_URL>/login/<id>/callback`.',
    { secret: true, defaultDoc: 'none' },
  ),
  LIMIT_WINDOW: setting(integer(1, 86_400).default(900), 'Length of the window of these limits, in seconds.'),
  MCP_CALL_LIMIT: setting(
    integer(0, 1_000_000_000).default(6000),
    'Calls of tools, prompts and resources per minute and caller: a person with all their clients and keys, or a client that acts for itself. Calls through `toolgate guard` count as well; with `--issuer` each guard counts for itself. 0: no limit but those of single tools.',
  ),
  POLICY_TIMEOUT_MS: setting(
    integer(10, 30_000).default(1000),
    'A policy that has not decided about a call within this many milliseconds has denied it.',
  ),
  WRITE_HOURS: setting(
    writeHours.optional(),
    'When tools that change something may be called: days, hours and a time zone, such as `Mon-Fri 08:00-18:00 Europe/Berlin`. Reading is always allowed.',
    { defaultDoc: 'always' },
  ),
  AUDIT_RETENTION_DAYS: setting(
    integer(1, 400).default(90),
    'Audit records are kept for this many days. Copy them elsewhere to keep them longer.',
  ),
  AUDIT_ARGUMENTS: setting(
    flag.default(false),
    'Whether audit records hold the arguments of calls: up to 2,000 characters, without what is named or looks like a secret.',
  ),
  TRUST_PROXY: setting(
    list
      .refine((items) => items.every(isNetwork), 'must be addresses or CIDRs separated by commas')
      .default([]),
    'Proxies whose X-Forwarded-For is believed: addresses or CIDRs, separated by commas.',
    { defaultDoc: 'none' },
  ),
  ALLOWED_ORIGINS: setting(
    list
      .refine(
        (items) => items.every((item) => /^https?:\/\/[a-z0-9.[\]:-]+$/.test(item)),
        'must be origins such as https://app.example.com, separated by commas',
      )
      .default([]),
    'Origins besides our own whose browsers may call /mcp, separated by commas.',
    { defaultDoc: 'none' },
  ),
  BODY_LIMIT: setting(integer(1024, 104_857_600).default(1_048_576), 'Largest request body, in bytes.'),
  GUARD_PORT: setting(integer(0, 65535).default(4001), 'Port of `toolgate guard` (also `--port`).'),
  GUARD_PUBLIC_URL: setting(
    origin.optional(),
    'The URL at which clients reach `toolgate guard`; its MCP endpoint is `/mcp` there.',
    { defaultDoc: 'http://localhost:<GUARD_PORT>' },
  ),
  GUARD_CLIENT_ID: setting(
    z.string().min(1).optional(),
    'With `toolgate guard --issuer`: the client by which the guard introspects credentials at the issuer.',
  ),
  GUARD_CLIENT_SECRET: setting(z.string().min(1).optional(), 'The secret of that client.', { secret: true }),
  GUARD_UPSTREAM_HEADERS: setting(
    upstreamHeaders.default({}),
    'Headers that `toolgate guard` adds for the server behind it, such as its credentials: a JSON object.',
    { secret: true, defaultDoc: 'none' },
  ),
  GUARD_UPSTREAM_TIMEOUT: setting(
    integer(1, 3600).default(120),
    'Seconds that the server behind a guard has to begin its answer, and that a caller may leave it unread.',
  ),
  GUARD_PROCESSES: setting(
    integer(1, 10_000).default(50),
    'Processes of a stdio server that a guard runs at one time.',
  ),
  GUARD_PROCESSES_PER_CALLER: setting(
    integer(1, 10_000).default(10),
    'Of these, how many may belong to one caller.',
  ),
  GUARD_PROCESS_IDLE: setting(
    integer(1, 86_400).default(600),
    'A process of a stdio server that is unused for this many seconds is ended; the next call starts another.',
  ),
  MICROSERVICE_TCP: setting(
    listenAddress.optional(),
    'Takes the messages `auth.verify` and `auth.introspect` of Nest microservices over TCP there: `host:port`.',
    { defaultDoc: 'off' },
  ),
  MICROSERVICE_NATS_URL: setting(
    natsUrl.optional(),
    'Takes the same messages through this NATS server: `tls://user:password@nats.example.com:4222`.',
    { secret: true, defaultDoc: 'off' },
  ),
  MICROSERVICE_TLS_CERT: setting(
    z.string().min(1).optional(),
    'Certificate for MICROSERVICE_TCP, PEM, with its chain. Asked for when the address is not loopback.',
    { secret: true },
  ),
  MICROSERVICE_TLS_KEY: setting(z.string().min(1).optional(), 'The private key of that certificate, PEM.', {
    secret: true,
  }),
  MICROSERVICE_PLAINTEXT: setting(
    flag.default(false),
    'Lets messages cross a network in the clear, with the secrets in them: only where something else encrypts.',
  ),
  SHUTDOWN_GRACE: setting(
    integer(0, 600).default(10),
    'Seconds that requests in flight get to finish at a stop.',
  ),
  LOG_LEVEL: setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    'How much is logged, as JSON lines on standard output.',
  ),
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;
export type Values = { readonly [Name in keyof Settings]: z.output<Settings[Name]['schema']> };
