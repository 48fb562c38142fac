import { pathToFileURL } from 'node:url';
import type { ExecutionContext } from '@nestjs/common';
import type { Principal } from '../../src/access/principal.js';

/*
 * Our service as `npm start` runs it, of the build that the second argument names. Arguments: port, root, `switched` for a
 * service whose checks of who calls can be switched off, which exists here alone, to measure what the checks cost.
 */
const [, , port = '', root = '', switched] = process.argv;
const load = async <Exports>(file: string) =>
  (await import(pathToFileURL(`${root}/dist/src/${file}`).href)) as Exports;

const requestOf = (context: ExecutionContext) =>
  context.switchToHttp().getRequest<{ principal?: Principal }>();

/**
 * Without checks, a call is taken for one of those who were let in since the checks were last switched on, in turn: so that
 * it says the same, is counted the same and is recorded the same.
 */
async function makeChecksSwitchable(): Promise<void> {
  type Guards = typeof import('../../src/auth/authentication.guard.js');
  type Scopes = typeof import('../../src/auth/scope.guard.js');
  const authentication = (await load<Guards>('auth/authentication.guard.js')).AuthenticationGuard.prototype;
  const scopes = (await load<Scopes>('auth/scope.guard.js')).ScopeGuard.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the guard as `this`
  const [authenticate, checkScopes] = [authentication.canActivate, scopes.canActivate];
  const letIn = new Set<Principal>();
  let callers: Principal[] = [];
  let calls = 0;
  let on = true;

  authentication.canActivate = function (context) {
    if (on) return authenticate.call(this, context);
    const caller = callers[calls % callers.length];
    calls += 1;
    if (caller) requestOf(context).principal = caller;
    return true;
  };
  scopes.canActivate = function (context) {
    if (!on) return true;
    const { principal } = requestOf(context);
    if (principal) letIn.add(principal);
    return checkScopes.call(this, context);
  };
  process.on('message', ({ id, input }: { id: number; input: { ask: 'checks'; on: boolean } }) => {
    on = input.on;
    if (on) letIn.clear();
    else callers = [...letIn];
    process.send?.({ id, output: on });
  });
}

async function serve(): Promise<void> {
  // First of all, as `toolgate start` does. An older commit that is compared with may have none.
  const oneCore = load<typeof import('../../src/cli/one-core.js')>('cli/one-core.js');
  await oneCore.then(({ markInTurn }) => { markInTurn(); }, () => undefined); // prettier-ignore
  if (switched === 'switched') await makeChecksSwitchable();
  const { startService } = await load<typeof import('../../src/service.js')>('service.js');
  const { loadConfig } = await load<typeof import('../../src/config/config.js')>('config/config.js');
  const service = await startService(loadConfig({ ...process.env, PORT: port }), () => undefined);
  process.once('SIGTERM', () => {
    void service.stop().then(() => process.exit(0));
  });
}

await serve();
process.send?.({ ready: true, pids: [process.pid] });
