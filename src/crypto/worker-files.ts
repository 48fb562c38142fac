/** What the threads run. A module of its own, as the tests, which are not compiled, have another one in its place. */
export const HASH_WORKER_FILE = new URL('./hash.worker.js', import.meta.url).href;
export const DICTIONARIES_WORKER_FILE = new URL('./quality/dictionaries.worker.js', import.meta.url).href;
