import { Injectable, Module } from '@nestjs/common';
import { z } from 'zod';
import { RequireScope } from '../../src/access/decorators.js';
import {
  CallPolicy,
  type Policy,
  type PolicyCall,
  type PolicyDecision,
} from '../../src/mcp/policies/policy.js';
import { Tool } from '../../src/mcp/tool.decorator.js';
import type { Answer, TestService } from '../support/harness.js';

const input = z.object({ word: z.string().default('') });

/** How often each tool ran, whatever was answered. */
export const runs = { limited: 0, ledger: 0, watched: 0 };

@Injectable()
@RequireScope('ledger:read')
class LedgerTools {
  @Tool({ name: 'ledger', description: 'Needs what its class and its method ask for.', input })
  @RequireScope('ledger:close')
  ledger() {
    runs.ledger += 1;
    return { ran: runs.ledger };
  }
}

@Injectable()
class LimitedTools {
  @Tool({
    name: 'limited',
    description: 'Twenty times an hour.',
    input,
    rateLimit: { calls: 20, seconds: 3600 },
  })
  limited() {
    runs.limited += 1;
    return { ran: runs.limited };
  }

  @Tool({ name: 'watched', description: 'What the policy looks at.', input })
  watched() {
    runs.watched += 1;
    return { ran: runs.watched };
  }
}

export const INSIDE = 'connect to postgres://inside:pass-of-the-inside@db.internal';

/** Answers with what its callers must not read: in what it throws, or where it promised a number. */
function spill(word: string): { ran: number } {
  if (word === 'throws') throw new Error(INSIDE);
  return { ran: INSIDE as unknown as number };
}

const SPILLING = { description: 'Says too much.', input, output: z.object({ ran: z.number() }) };

@Injectable()
class SpillingTools {
  @Tool({ ...SPILLING, name: 'spilling' })
  spilling({ word }: z.output<typeof input>) {
    return spill(word);
  }

  @Tool({ ...SPILLING, name: 'spilling_plain', plain: true })
  spillingPlain({ word }: z.output<typeof input>) {
    return spill(word);
  }
}

const nothing = (): void => undefined;
let held = { enter: nothing, released: Promise.resolve() };

/** The next `wait` waits until `release()`. */
export function hold(): { entered: Promise<void>; release: () => void } {
  let [enter, release] = [nothing, nothing];
  const entered = new Promise<void>((resolve) => (enter = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  held = { enter, released };
  return { entered, release };
}

/** How often the policy was asked. */
export const asked = { times: 0 };

/** Does to a call what its argument says. */
@Injectable()
@CallPolicy('by-word')
class WordPolicy implements Policy {
  decide({ operation, arguments: given }: PolicyCall): PolicyDecision | Promise<PolicyDecision> {
    asked.times += 1;
    if (operation.name !== 'watched') return { allow: true };
    switch ((given as { word?: unknown } | undefined)?.word) {
      case 'deny':
        return { allow: false, reason: 'That word is not said here.' };
      case 'throw':
        throw new Error('broken');
      case 'reject':
        return Promise.reject(new Error('broken later'));
      case 'hang':
        return new Promise(() => undefined);
      case 'wait':
        held.enter();
        return held.released.then(() => ({ allow: true }));
      case 'nonsense':
        return { allow: 'yes' } as unknown as PolicyDecision;
      default:
        return Promise.resolve({ allow: true });
    }
  }
}

@Module({ providers: [LedgerTools, LimitedTools, SpillingTools, WordPolicy] })
export class GateFixtures {}

/** `tools/call` over plain HTTP. */
export const callTool = (
  service: TestService,
  bearer: string,
  name: string,
  args: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answer> =>
  service.call('POST', '/mcp', {
    bearer,
    headers: { Accept: 'application/json, text/event-stream', ...headers },
    body: { jsonrpc: '2.0', id: `call of ${name}`, method: 'tools/call', params: { name, arguments: args } },
  });
