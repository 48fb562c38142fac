import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireOneAuthorization } from '../../access/credential.js';
import type { Scope } from '../../access/scopes.js';
import { ResourceAuthentication } from '../../auth/resource-authentication.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { CATALOGUE } from '../../errors/catalogue.js';
import { challenge } from '../../errors/challenge.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { AuditTrail } from '../../ops/audit/audit-trail.js';
import type { Resource } from '../../resources/resource.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import { refusedAt } from '../refused-at.js';
import { IdentityHeaders } from './identity-headers.js';
import { challengeContextOf, type Question, requireResource, requireScope } from './protected-resource.js';

/**
 * Where the caller behind the proxy is: nowhere that we know unless TRUST_PROXY names the proxy and the proxy names the
 * caller. The proxy's own address would let anybody use a key that is bound to its network.
 */
const callerAddress = ({ ip, ips }: FastifyRequest): string => (ips && ips.length > 1 ? ip : '');

/**
 * A proxy can pass on 401 and 403 alone: nginx makes a 500 of anything else. With the challenge of the resource that was
 * asked about (RFC 6750 section 3, RFC 9728 section 5.1), not of the service's own.
 */
function forProxy(error: ToolgateError, resource: Resource, needed: readonly Scope[]): ToolgateError {
  const refused = error.status === 401 || error.status === 403;
  const { title } = CATALOGUE[error.code];
  const shown = refused
    ? error
    : new ToolgateError('invalid_token', { reason: error.message, detail: title });
  const value = challenge(shown, shown.options.detail ?? title, challengeContextOf(resource, needed));
  return new ToolgateError(shown.code, {
    ...shown.options,
    reason: shown.message,
    headers: { ...shown.options.headers, ...(value !== undefined && { 'WWW-Authenticate': value }) },
  });
}

/** May this request pass to that resource, and who is it? */
@Injectable()
export class ForwardAuth {
  constructor(
    private readonly authentication: ResourceAuthentication,
    private readonly resources: ResourcesRepository,
    private readonly identity: IdentityHeaders,
    private readonly audit: AuditTrail,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Answers yes with the identity headers. Of the request only the credential and the caller's address count.
   *
   * @throws ToolgateError a 401 or 403 for the client, with its challenge; `invalid_input` for the proxy's operator
   */
  async answer(question: Question, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const resource = await requireResource(this.resources, question.resource);
    const needed = requireScope(question.scope);
    try {
      requireOneAuthorization(request.raw.rawHeaders);
      const from = { headers: request.headers, ip: callerAddress(request) };
      const principal = await this.authentication.authenticate(resource.identifier, from);
      if (this.config.scopes.missing(principal.scopes, needed).length > 0) {
        this.audit.note(refusedAt(resource, principal, { requestId: request.id, address: from.ip || null }));
        throw new ToolgateError('insufficient_scope', { scopes: needed });
      }
      void reply.headers(await this.identity.of(principal));
    } catch (error) {
      if (error instanceof ToolgateError && error.status < 500) throw forProxy(error, resource, needed);
      throw error;
    }
  }
}
