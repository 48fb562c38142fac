/** A thread cannot run TypeScript: those that were built. */
const built = (file: string) => new URL(`../../dist/src/crypto/${file}`, import.meta.url).href;
export const HASH_WORKER_FILE = built('hash.worker.js');
export const DICTIONARIES_WORKER_FILE = built('quality/dictionaries.worker.js');
