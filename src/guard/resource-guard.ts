import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../access/principal.js';
import type { Scope } from '../access/scopes.js';

/** RFC 9728 section 2. */
export interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported: readonly Scope[];
  readonly bearer_methods_supported: readonly ['header'];
  readonly resource_name?: string;
  readonly resource_documentation?: string;
}

/** A request as far as a guard looks at it. */
export interface GuardedRequest {
  readonly headers: IncomingHttpHeaders;
  /** As they came, names and values in turn. With them a request that carries two Authorization headers is refused. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** The caller's network address; API keys may be bound to networks. */
  readonly address: string;
}

/** An answer that is ready to be written. */
export interface GuardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What stands before one MCP server, whatever its framework: it tells who calls, whether they may, and what to answer
 * when not. One of these is made for a resource of its own or another's Toolgate (by JWKS and introspection); in the
 * service itself the same comes from the service's own strategies.
 */
export interface ResourceGuard {
  /** Canonical URI: the only `aud` that is taken (RFC 8707). */
  readonly resource: string;

  /** @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed`; `unavailable` */
  authenticate(request: GuardedRequest): Promise<Principal>;

  /** Whether these scopes are held, directly or by a broader one: what a list of tools shows is decided by this. */
  allows(principal: Principal, needed: readonly Scope[]): boolean;

  /** @throws ToolgateError `insufficient_scope` naming all the scopes needed, not just the missing ones (spec R9) */
  requireScopes(principal: Principal, needed: readonly Scope[], detail?: string): void;

  /** The document of RFC 9728, and every path it is served at. */
  readonly metadata: ResourceMetadata;
  readonly metadataPaths: readonly string[];

  /** Any thrown value as the answer to the client: RFC 6750 challenges, JSON bodies; the reason stays for the log. */
  answerFor(thrown: unknown): GuardAnswer;
}
