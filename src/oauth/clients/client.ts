import type { JSONWebKeySet } from 'jose';

export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** How a client came to be known. */
export type ClientSource = 'registered' | 'configured' | 'document';

/** RFC 7591 section 2, as we understood and kept it. What was not given is left out. */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[];
  readonly token_endpoint_auth_method: AuthMethod;
  /** All the methods that a client with a document may come with. */
  readonly token_endpoint_auth_methods?: readonly AuthMethod[];
  readonly grant_types: readonly GrantType[];
  readonly response_types: readonly string[];
  readonly client_name?: string | undefined;
  readonly client_uri?: string | undefined;
  readonly logo_uri?: string | undefined;
  readonly tos_uri?: string | undefined;
  readonly policy_uri?: string | undefined;
  readonly contacts?: readonly string[] | undefined;
  /** What it means to ask for. No ceiling: step-up must stay possible. */
  readonly scope?: string | undefined;
  readonly application_type?: 'web' | 'native' | undefined;
  readonly jwks?: JSONWebKeySet | undefined;
  readonly jwks_uri?: string | undefined;
  readonly software_id?: string | undefined;
  readonly software_version?: string | undefined;
}

export interface Client {
  readonly clientId: string;
  readonly source: ClientSource;
  readonly metadata: ClientMetadata;
  readonly secretDigest: Buffer | null;
  /** What it may hold for itself (client credentials). */
  readonly ownScopes: readonly string[];
  /** Resources whose tokens it may introspect and exchange. */
  readonly serves: readonly string[];
}

/** The name a person reads: the client's own word for itself, else its id. */
export const nameOf = ({ clientId, metadata }: Client): string => metadata.client_name ?? clientId;
