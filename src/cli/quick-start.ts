import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { environment } from '../config/environment.js';
import { markInTurn } from './one-core.js';
import type * as Start from './start.js';

/** Whoever adds to what is loaded (an instrumentation, say) does it on the way of `import()`. */
const WITH_HOOKS = /(?:^|\s)(?:-r\b|--(?:import|require|loader|experimental-loader)\b)/;

/**
 * Runs the service, and spares it what made a quarter of the time of a start on one core (docs/adr/0026).
 * It loads nothing of the service before that: V8 must not be at work yet.
 */
export async function startQuickly(): Promise<void> {
  markInTurn();
  const later = holdCompiler();
  try {
    await (await loadStart()).start();
  } finally {
    later();
  }
}

/** `require` reads a file at once; `import()` asks libuv's threads four times for each, and there are 1,100. */
async function loadStart(): Promise<typeof Start> {
  const options = [environment()['NODE_OPTIONS'] ?? '', ...process.execArgv].join(' ');
  if (!process.features.require_module || WITH_HOOKS.test(options)) return import('./start.js');
  return createRequire(import.meta.url)('./start.js') as typeof Start;
}

/** On one core the optimizing compiler takes the time of what it compiles, most of which runs at the start and never again. */
function holdCompiler(): () => void {
  if (availableParallelism() > 1) return () => undefined;
  setFlagsFromString('--no-opt');
  return () => {
    setFlagsFromString('--opt');
  };
}
