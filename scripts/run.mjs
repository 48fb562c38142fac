import { ensureBuilt, ensureInstalled } from './install.mjs';

await ensureInstalled();
await ensureBuilt();
// In this very process, so that signals go straight to the service.
await import('../dist/src/cli/toolgate.js');
