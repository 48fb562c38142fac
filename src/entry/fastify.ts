export { guardFastify } from '../guard/fastify.js';
export type { AdmittedRequest } from '../guard/auth-info.js';
export type { AdmissionOptions } from '../guard/admission.js';
