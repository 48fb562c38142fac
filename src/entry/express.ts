export { guardExpress } from '../guard/express.js';
export type { AdmittedRequest } from '../guard/auth-info.js';
export type { NodeGuardOptions } from '../guard/node.js';
