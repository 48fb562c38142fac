import type { preValidationHookHandler } from 'fastify';
import { requireShallow } from '../access/nesting.js';

/** Refuses what a schema, or whoever writes it again, could choke on: before anything but the parser has seen it. */
export const shallowBodies: preValidationHookHandler = (request, _reply, done) => {
  requireShallow(request.body);
  done();
};
