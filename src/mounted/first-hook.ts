import type { FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * Adds a hook before those that are there: Nest's adapter adds its CORS hook and the application's middleware when it is
 * made, and they would answer a preflight, or read a body, of a request that is not theirs. Fastify has no way to ask for
 * that, so its list is looked up.
 *
 * @throws Error where Fastify keeps its hooks elsewhere.
 */
export function addFirstHook(fastify: FastifyInstance, hook: onRequestHookHandler): void {
  const key = Object.getOwnPropertySymbols(fastify).find(
    ({ description }) => description === 'fastify.hooks',
  );
  const hooks = key && (fastify as unknown as Record<symbol, { onRequest?: unknown }>)[key];
  if (!Array.isArray(hooks?.onRequest))
    throw new Error('this version of Fastify keeps its hooks elsewhere: use one that package.json names');
  hooks.onRequest.unshift(hook);
}
