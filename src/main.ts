import { startQuickly } from './cli/quick-start.js';

await startQuickly();
