import type { Principal } from './principal.js';

/** Of a caller who was admitted, whether that still holds: for what goes on longer than a request does. */
export abstract class Admissions {
  /**
   * From now on. What is returned is asked as often as one likes, costs nothing, and is false once the session, the key or
   * the person has ended or changed: then the caller must be admitted anew.
   */
  abstract watch(principal: Principal): () => boolean;
}
