import { join } from 'node:path';
import { ensureInstalled, root, run } from './install.mjs';

await ensureInstalled();
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
if (run(process.execPath, [tsc, '-p', 'tsconfig.conformance.json']) !== 0) process.exit(1);
// In this very process, so that signals go straight to the service.
await import('../.conformance/test/mcp/fixtures/start.js');
