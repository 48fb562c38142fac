import { z } from 'zod';

/** A provider that people may sign in through, with everything that follows from its preset. */
export interface UpstreamProvider {
  readonly id: string;
  /** What stands on its button. */
  readonly name: string;
  readonly preset: Preset | undefined;
  /** OpenID Connect: the rest is discovered there. */
  readonly issuer: string | undefined;
  /** Each goes before what is discovered. */
  readonly authorizationUrl: string | undefined;
  readonly tokenUrl: string | undefined;
  readonly userinfoUrl: string | undefined;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authMethod: AuthMethod | undefined;
  readonly scopes: readonly string[];
}

type Preset = 'google' | 'github' | 'microsoft';
type AuthMethod = 'client_secret_basic' | 'client_secret_post';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const url = z
  .string('must be a URL')
  .refine(
    (value) =>
      URL.canParse(value) &&
      (value.startsWith('https://') ||
        (value.startsWith('http://') && LOOPBACK.includes(new URL(value).hostname))),
    'must be an https URL (http only on loopback)',
  );
const word = (message: string) => z.string(message).min(1, message);

const Provider = z.strictObject(
  {
    id: z.string('is missing').regex(/^[a-z0-9-]{1,40}$/, 'must be of a-z, 0-9 and -, at most 40'),
    name: word('must be text').max(60, 'is too long').optional(),
    preset: z.enum(['google', 'github', 'microsoft'], 'must be google, github or microsoft').optional(),
    issuer: url.optional(),
    authorization_url: url.optional(),
    token_url: url.optional(),
    userinfo_url: url.optional(),
    client_id: word('is missing'),
    client_secret: word('is missing'),
    token_auth_method: z
      .enum(
        ['client_secret_basic', 'client_secret_post'],
        'must be client_secret_basic or client_secret_post',
      )
      .optional(),
    scopes: z.array(word('must be text'), 'must be a list').min(1, 'must not be empty').optional(),
  },
  // What stands in a member's name may be a secret in the wrong place, so it is not repeated.
  'must be an object of the documented members alone',
);

const OPENID_SCOPES = ['openid', 'email', 'profile'];
type Given = z.output<typeof Provider>;
const PRESETS: Readonly<Record<Preset, Partial<Given>>> = {
  google: { name: 'Google', issuer: 'https://accounts.google.com' },
  microsoft: { name: 'Microsoft', issuer: 'https://login.microsoftonline.com/common/v2.0' },
  // No OpenID Connect there: who it is, is asked of the API.
  github: {
    name: 'GitHub',
    authorization_url: 'https://github.com/login/oauth/authorize',
    token_url: 'https://github.com/login/oauth/access_token',
    userinfo_url: 'https://api.github.com/user',
    token_auth_method: 'client_secret_post',
    scopes: ['read:user', 'user:email'],
  },
};

function completed(given: Given): UpstreamProvider {
  const all = { ...(given.preset && PRESETS[given.preset]), ...given };
  const scopes = all.scopes ?? OPENID_SCOPES;
  return {
    id: all.id,
    name: all.name ?? all.id,
    preset: all.preset,
    issuer: all.issuer,
    authorizationUrl: all.authorization_url,
    tokenUrl: all.token_url,
    userinfoUrl: all.userinfo_url,
    clientId: all.client_id,
    clientSecret: all.client_secret,
    authMethod: all.token_auth_method,
    // Without it no id_token would come, and that is what we check.
    scopes: all.issuer === undefined || scopes.includes('openid') ? scopes : ['openid', ...scopes],
  };
}

const usable = (one: UpstreamProvider) =>
  one.issuer !== undefined ||
  (one.authorizationUrl !== undefined && one.tokenUrl !== undefined && one.userinfoUrl !== undefined);

const Providers = z
  .array(Provider, 'must be a list')
  .transform((list) => list.map(completed))
  .check(({ value, issues }) => {
    const problem = (index: number, message: string) =>
      issues.push({ code: 'custom', message, input: undefined, path: [index] });
    value.forEach((one, index) => {
      if (!usable(one))
        problem(index, 'needs a preset, an issuer, or authorization_url, token_url and userinfo_url');
      if (value.findIndex(({ id }) => id === one.id) !== index) problem(index, 'has the id of one before it');
    });
  });

const place = (path: readonly PropertyKey[]) =>
  path.map((step, index) => (index === 0 ? `[${String(step)}]` : `.${String(step)}`)).join('');

/** The JSON of UPSTREAM_PROVIDERS. Problems name the place in the list (from 0), and no value. */
export const upstreamProviders = z.string().transform((text, context): readonly UpstreamProvider[] => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    refuse('must be JSON');
    return z.NEVER;
  }
  const parsed = Providers.safeParse(json);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues)
    refuse([place(path), message].filter((part) => part !== '').join(' '));
  return z.NEVER;
});

/** True when every URL of it is https, as production asks. */
export const usesHttps = (one: UpstreamProvider): boolean =>
  [one.issuer, one.authorizationUrl, one.tokenUrl, one.userinfoUrl].every(
    (value) => value === undefined || value.startsWith('https:'),
  );
