import { Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { randomToken, sameDigest, sha256 } from '../../crypto/digest.js';
import { OAuthError } from '../../errors/oauth-error.js';
import type { Client, ClientMetadata } from './client.js';
import { parseClientMetadata } from './client-metadata.js';
import { ClientsRepository } from './clients.repository.js';

export interface RegistrationAnswer extends ClientMetadata {
  readonly client_id: string;
  readonly client_id_issued_at?: number;
  readonly client_secret?: string;
  /** 0: never (RFC 7591 section 3.2.1). */
  readonly client_secret_expires_at?: number;
  readonly registration_access_token: string;
  readonly registration_client_uri: string;
}

/** Never looks like a URL (spec S25), and needs no encoding in Basic credentials (clients rule 12). */
const newClientId = () => `tgc_${randomToken(16)}`;
/** Nothing else is looked up: Postgres takes no NUL. */
const isClientId = (text: string) => /^[\w-]{1,100}$/.test(text);
const newSecret = () => `tgs_${randomToken()}`;
const newRegistrationToken = () => `tgm_${randomToken()}`;

const needsSecret = ({ token_endpoint_auth_method: method }: ClientMetadata) =>
  method === 'client_secret_basic' || method === 'client_secret_post';

/** Dynamic registration (RFC 7591) and its management by the client (RFC 7592). */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws OAuthError `invalid_client_metadata`, `invalid_redirect_uri`, `access_denied` */
  async register(body: unknown, initialToken: string | undefined): Promise<RegistrationAnswer> {
    this.requireAllowed(initialToken);
    const metadata = parseClientMetadata(body);
    const clientId = newClientId();
    const secret = needsSecret(metadata) ? newSecret() : undefined;
    const token = newRegistrationToken();
    const now = this.clock.now();
    await this.clients.insert(
      {
        clientId,
        source: 'registered',
        metadata,
        secretDigest: secret === undefined ? null : sha256(secret),
        registrationTokenDigest: sha256(token),
        ownScopes: [],
        serves: [],
      },
      now,
    );
    return {
      ...this.answer(clientId, metadata, token, secret),
      client_id_issued_at: Math.floor(now.getTime() / 1000),
    };
  }

  /** @throws OAuthError `invalid_client` */
  async read(clientId: string, token: string): Promise<RegistrationAnswer> {
    const { metadata } = await this.owned(clientId, token);
    return this.answer(clientId, metadata, token, undefined);
  }

  /** RFC 7592 section 2.2: the whole metadata anew. A secret is kept, made or dropped as the new method needs. */
  async replace(clientId: string, token: string, body: unknown): Promise<RegistrationAnswer> {
    const { secretDigest } = await this.owned(clientId, token);
    const metadata = parseClientMetadata(body);
    const secret = needsSecret(metadata) && !secretDigest ? newSecret() : undefined;
    const kept = needsSecret(metadata) ? secretDigest : null;
    const digest = secret === undefined ? kept : sha256(secret);
    if (!(await this.clients.update(clientId, sha256(token), metadata, digest))) throw this.unknown();
    return this.answer(clientId, metadata, token, secret);
  }

  async remove(clientId: string, token: string): Promise<void> {
    const removed =
      isClientId(clientId) && (await this.clients.remove(clientId, sha256(token), this.clock.now()));
    if (!removed) throw this.unknown();
  }

  private async owned(clientId: string, token: string): Promise<Client> {
    const client = isClientId(clientId)
      ? await this.clients.findByRegistrationToken(clientId, sha256(token))
      : undefined;
    if (!client) throw this.unknown();
    return client;
  }

  private unknown(): OAuthError {
    return new OAuthError('invalid_client', 'This registration token is not valid for this client.', {
      status: 401,
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    });
  }

  private requireAllowed(initialToken: string | undefined): void {
    const { REGISTRATION: policy, REGISTRATION_TOKEN: wanted } = this.config;
    if (policy === 'open') return;
    if (policy === 'off')
      throw new OAuthError('access_denied', 'Registration is closed. Ask the operator for a client_id.', {
        status: 403,
      });
    if (
      wanted !== undefined &&
      initialToken !== undefined &&
      sameDigest(sha256(initialToken), sha256(wanted))
    )
      return;
    throw new OAuthError(
      'access_denied',
      'Registration needs an initial access token as Bearer (RFC 7591).',
      {
        status: 401,
        headers: { 'WWW-Authenticate': 'Bearer' },
      },
    );
  }

  private answer(
    clientId: string,
    metadata: ClientMetadata,
    token: string,
    secret: string | undefined,
  ): RegistrationAnswer {
    return {
      client_id: clientId,
      ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
      registration_access_token: token,
      registration_client_uri: `${this.config.issuer}/oauth/register/${clientId}`,
      ...metadata,
    };
  }
}
