import type { Trials } from './contender.js';
import { mustCall, TOOL_CALL } from './requests.js';
import type { Access } from './start.js';

/**
 * The same tool calls with the checks and without, of a service that can switch them: `tool-jwt` and `tool-open`. Two
 * processes would not do, as each has a heap of its own age, which is worth as much as what is measured.
 */
export function switchedTrials(trials: Trials, { ports, askAll }: Access): Trials {
  const guarded = trials['tool-jwt'];
  if (!guarded) throw new Error('the service has no tool');
  return {
    'tool-jwt': async (extent) => {
      await askAll('checks', { on: true });
      return guarded(extent);
    },
    'tool-open': async (extent) => {
      const trial = await guarded(extent);
      await askAll('checks', { on: false });
      const { method, path, headers } = trial.load;
      for (const port of ports) await mustCall(port, method, path, { ...headers }, TOOL_CALL);
      return { ...trial, refusals: [] };
    },
  };
}
