import { markInTurn } from './cli/one-core.js';

markInTurn();
const { start } = await import('./cli/start.js');
await start();
