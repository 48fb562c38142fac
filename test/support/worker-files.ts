/** A thread cannot run TypeScript: the one that was built. */
export const HASH_WORKER_FILE = new URL('../../dist/src/crypto/hash.worker.js', import.meta.url).href;
