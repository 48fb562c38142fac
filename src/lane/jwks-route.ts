import type { JwksController } from '../tokens/jwks.controller.js';
import { headersOf, jsonAnswer, type LaneRoute } from './lane-route.js';

const PATH = '/.well-known/jwks.json';

/** Open to all: no guard stands before it. */
export const jwksRoute = (controller: JwksController): LaneRoute => ({
  method: 'GET',
  path: PATH,
  contentType: undefined,
  headers: headersOf(PATH, 'cache-control', 'public, max-age=300'),
  prepare: () => () => Promise.resolve(jsonAnswer(JSON.stringify(controller.jwks()))),
});
