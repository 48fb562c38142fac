export { guardNode } from '../guard/node.js';
export type { GuardedIncomingMessage, NodeGuardOptions } from '../guard/node.js';
