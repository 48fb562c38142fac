import { type ScopeChain, ScopeRules } from '../access/scope-rules.js';
import { formatScope, type Scope } from '../access/scopes.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { asToolgateError, bearerAnswer } from './answer.js';
import { Credentials } from './credentials.js';
import { Introspection, type IntrospectionOptions } from './introspection.js';
import { IssuerClient } from './issuer-client.js';
import { IssuerKeys } from './issuer-keys.js';
import { LocalTokens } from './local-tokens.js';
import { metadataOf, metadataPathsOf, metadataUrlOf } from './metadata.js';
import type { ResourceGuard } from './resource-guard.js';

export interface ResourceGuardOptions {
  /** The Toolgate that issues the tokens: its PUBLIC_URL, byte for byte. */
  readonly issuer: string;
  /** The public URL of this MCP server, as it is entered at the issuer: the only audience that is taken. */
  readonly resource: string;
  /** What a client without a token should ask for; also `scopes_supported` of the metadata. */
  readonly scopes?: readonly Scope[];
  readonly resourceName?: string;
  readonly resourceDocumentation?: string;
  /**
   * With it, API keys are taken and revoked tokens are refused within `cacheSeconds`. Without it, API keys are refused and
   * a token lives until it expires, whatever happens to its session.
   */
  readonly introspection?: IntrospectionOptions;
  /** Beside the built-in ladder: chains of scopes, each with the broadest first, as in SCOPE_HIERARCHY of the issuer. */
  readonly scopeHierarchy?: readonly ScopeChain[];
  /** How long the issuer may take to answer. Default 5000. */
  readonly timeoutMs?: number;
  /** How far the clocks of the issuer and of this machine may differ. Default 5. */
  readonly clockToleranceSeconds?: number;
  /** Hears of every answer of 500 and more, with its reason. By default they become process warnings. */
  readonly onFailure?: (error: ToolgateError) => void;
}

/** @throws Error for options that cannot work: a guard that is set up wrongly must not start. */
export function createResourceGuard(options: ResourceGuardOptions): ResourceGuard {
  const { issuer, resource, onFailure = warn } = options;
  requireUrl('issuer', issuer);
  requireUrl('resource', resource);
  if (options.introspection) {
    requireText('introspection.clientId', options.introspection.clientId);
    requireText('introspection.clientSecret', options.introspection.clientSecret);
  }
  const rules = new ScopeRules(options.scopeHierarchy);
  const client = new IssuerClient(issuer, options.timeoutMs ?? 5000);
  const keys = new IssuerKeys(client);
  const tokens = new LocalTokens(keys, issuer, resource, options.clockToleranceSeconds ?? 5);
  const introspection = options.introspection && new Introspection(client, resource, options.introspection);
  const credentials = new Credentials(tokens, introspection, resource);
  const metadata = metadataOf(options);
  const metadataPaths = metadataPathsOf(resource);
  const context = {
    issuer,
    resourceMetadataUrl: metadataUrlOf(resource),
    defaultScope: formatScope(metadata.scopes_supported),
  };
  const allows: ResourceGuard['allows'] = ({ scopes }, needed) => rules.missing(scopes, needed).length === 0;
  return {
    resource,
    metadata,
    metadataPaths,
    authenticate: (request) => credentials.authenticate(request),
    allows,
    requireScopes(principal, needed, detail) {
      if (!allows(principal, needed))
        throw new ToolgateError('insufficient_scope', {
          scopes: needed,
          ...(detail !== undefined && { detail }),
        });
    },
    answerFor(thrown) {
      const error = asToolgateError(thrown);
      if (error.status >= 500) onFailure(error);
      return bearerAnswer(error, context);
    },
  };
}

function warn(error: ToolgateError): void {
  const { cause } = error.options;
  process.emitWarning(
    `Toolgate guard: ${error.message}${cause instanceof Error ? ` (${cause.message})` : ''}`,
  );
}

function requireUrl(name: string, value: unknown): void {
  if (typeof value !== 'string' || !URL.canParse(value) || !/^https?:\/\/[^#@]+$/i.test(value))
    throw new TypeError(`${name} must be an http or https URL without user info or fragment`);
}

function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must not be empty`);
}
