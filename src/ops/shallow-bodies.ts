import type { preValidationHookHandler } from 'fastify';
import { tooDeep } from '../access/nesting.js';
import { ToolgateError } from '../errors/toolgate-error.js';

/** Refuses what a schema, or whoever writes it again, could choke on: before anything but the parser has seen it. */
export const shallowBodies: preValidationHookHandler = (request, _reply, done) => {
  if (!tooDeep(request.body)) done();
  else done(new ToolgateError('malformed_request', { detail: 'The body is nested too deeply.' }));
};
