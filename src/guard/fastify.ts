import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Admission, type AdmissionOptions } from './admission.js';
import { type AdmittedRequest, admit } from './auth-info.js';
import { metadataAnswer } from './metadata.js';
import type { GuardAnswer, ResourceGuard } from './resource-guard.js';

type Guarded = FastifyRequest & AdmittedRequest;

const send = async (reply: FastifyReply, { status, headers, body }: GuardAnswer): Promise<void> => {
  await reply.code(status).headers(headers).send(body);
};

/**
 * Closes every route of this Fastify instance that is registered after it, in this scope: call it on the application, or
 * inside a `register`. Handlers have `request.principal`; the raw request has `auth`, where the SDK's transports look.
 */
export function guardFastify(
  fastify: FastifyInstance,
  guard: ResourceGuard,
  options: AdmissionOptions = {},
): void {
  const admission = new Admission(guard, options);
  const open = new Set(guard.metadataPaths);
  if (!fastify.hasRequestDecorator('principal')) fastify.decorateRequest('principal', undefined);
  if (!fastify.hasRequestDecorator('auth')) fastify.decorateRequest('auth', undefined);
  for (const path of guard.metadataPaths)
    fastify.get(path, async (_request, reply) => send(reply, metadataAnswer(guard.metadata)));

  fastify.addHook('onRequest', async (request: Guarded, reply) => {
    if (open.has(request.routeOptions.url ?? '')) return;
    try {
      const { headers, ip, raw } = request;
      const principal = await admission.caller({ headers, rawHeaders: raw.rawHeaders, address: ip });
      admit(request, principal);
      admit(request.raw as AdmittedRequest, principal);
    } catch (error) {
      await send(reply, guard.answerFor(error));
    }
  });
  // After the parser: what is looked at is the very body that the handler gets.
  fastify.addHook('preHandler', async (request: Guarded, reply) => {
    if (!request.principal || !admission.looksAtBodies || request.method !== 'POST') return;
    try {
      admission.message(request.principal, request.body);
    } catch (error) {
      await send(reply, guard.answerFor(error));
    }
  });
}
