import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { credentialOf } from '../../access/credential.js';
import { formatScope } from '../../access/scopes.js';
import { ResourceAuthentication } from '../../auth/resource-authentication.js';
import type { Verified } from '../../auth/verified.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { refusedAt } from '../refused-at.js';
import { bearerBody } from '../../errors/bearer-body.js';
import { CATALOGUE } from '../../errors/catalogue.js';
import { challenge } from '../../errors/challenge.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { metadataPathsOf } from '../../guard/metadata.js';
import type { Client } from '../../oauth/clients/client.js';
import { AuditTrail } from '../../ops/audit/audit-trail.js';
import { canonicalResource, type Resource } from '../../resources/resource.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import type { VerifyMessage } from './messages.js';

/** Who it is that may call, in the words of RFC 7662 section 2.2. */
export interface AdmittedCaller {
  readonly kind: 'user' | 'client' | 'api_key';
  readonly sub: string;
  readonly aud: string;
  readonly scope: string;
  readonly client_id?: string;
  readonly key_id?: string;
  readonly act?: { readonly sub: string };
  readonly exp?: number;
}

/** Or what to answer the caller: the status, the challenge and the body that a request over HTTP would get. */
export type Verdict =
  | { readonly allowed: true; readonly principal: AdmittedCaller }
  | {
      readonly allowed: false;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: object;
    };

/** May this credential call this resource? The rules and the words are those of a request over HTTP. */
@Injectable()
export class Verification {
  private readonly log = new Logger(Verification.name);

  constructor(
    private readonly authentication: ResourceAuthentication,
    private readonly resources: ResourcesRepository,
    private readonly audit: AuditTrail,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws OAuthError `invalid_target` for a resource that the client does not serve; ToolgateError `unavailable` */
  async verify(client: Client, message: VerifyMessage): Promise<Verdict> {
    const resource = await this.servedBy(client, message.resource);
    try {
      return { allowed: true, principal: admitted(await this.admit(resource, message)) };
    } catch (error) {
      if (!(error instanceof ToolgateError) || error.status >= 500) throw error;
      this.log.debug({ code: error.code, reason: error.message, client: client.clientId });
      return this.refusal(error, resource);
    }
  }

  private async servedBy({ serves }: Client, named: string): Promise<Resource> {
    const identifier = canonicalResource(named);
    const served = identifier !== undefined && serves.includes(identifier);
    const resource = served ? await this.resources.findRecent(identifier) : undefined;
    if (resource) return resource;
    throw new OAuthError('invalid_target', 'This client serves no such resource.');
  }

  private async admit(resource: Resource, message: VerifyMessage): Promise<Verified> {
    const { credential: presented, scopes, address = '' } = message;
    const none = presented === undefined || presented === null || presented === '';
    const credential = none ? undefined : credentialOf({ authorization: `Bearer ${presented}` });
    if (!credential) throw new ToolgateError('missing_credential');
    const verified = await this.authentication.admitVerified(resource.identifier, credential, {
      ip: address,
    });
    const { principal } = verified;
    if (this.config.scopes.missing(principal.scopes, scopes).length > 0) {
      this.audit.note(refusedAt(resource, principal, { requestId: randomUUID(), address: address || null }));
      throw new ToolgateError('insufficient_scope', { scopes });
    }
    return verified;
  }

  private refusal(error: ToolgateError, { identifier, defaultScopes }: Resource): Verdict {
    const wwwAuthenticate = challenge(error, error.options.detail ?? CATALOGUE[error.code].title, {
      resourceMetadataUrl: new URL(identifier).origin + metadataPathsOf(identifier)[0],
      defaultScope: formatScope(defaultScopes),
    });
    return {
      allowed: false,
      status: error.status,
      headers: {
        ...(wwwAuthenticate !== undefined && { 'WWW-Authenticate': wwwAuthenticate }),
        ...error.options.headers,
      },
      body: bearerBody(error, this.config.issuer),
    };
  }
}

function admitted({ principal, expiresAt }: Verified): AdmittedCaller {
  const common = {
    aud: principal.resource,
    scope: formatScope(principal.scopes),
    ...(expiresAt && { exp: Math.floor(expiresAt.getTime() / 1000) }),
  };
  switch (principal.kind) {
    case 'user': {
      const act = principal.actor === undefined ? {} : { act: { sub: principal.actor } };
      return { kind: 'user', sub: principal.userId, client_id: principal.clientId, ...act, ...common };
    }
    case 'client':
      return { kind: 'client', sub: principal.clientId, client_id: principal.clientId, ...common };
    case 'api_key':
      return { kind: 'api_key', sub: principal.userId, key_id: principal.keyId, ...common };
  }
}
