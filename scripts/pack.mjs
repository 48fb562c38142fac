import { ensureBuilt, ensureInstalled } from './install.mjs';

// `npm pack` on a clean clone: what is packed is what these sources compile to.
await ensureInstalled();
await ensureBuilt();
