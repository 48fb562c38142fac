import cluster from 'node:cluster';
import { pathToFileURL } from 'node:url';

/*
 * Our service as `npm start` runs it, of the build that the first argument names. Arguments: root, processes, `open` for
 * the app without any check of who calls, which exists here alone, to measure what the check costs.
 */
const [, , root = '', processes = '1', open] = process.argv;
const load = async <Exports>(file: string) =>
  (await import(pathToFileURL(`${root}/dist/src/${file}`).href)) as Exports;

async function takeChecksAway(): Promise<void> {
  type Guards = typeof import('../../src/auth/authentication.guard.js');
  type Scopes = typeof import('../../src/auth/scope.guard.js');
  const { AuthenticationGuard } = await load<Guards>('auth/authentication.guard.js');
  const { ScopeGuard } = await load<Scopes>('auth/scope.guard.js');
  const principal = {
    kind: 'client',
    clientId: 'anybody',
    sessionId: '00000000-0000-7000-8000-000000000000',
    resource: `${process.env['PUBLIC_URL'] ?? ''}/mcp`,
    scopes: ['mcp:admin'],
  };
  AuthenticationGuard.prototype.canActivate = (context) => {
    context.switchToHttp().getRequest<{ principal: unknown }>().principal = principal;
    return Promise.resolve(true);
  };
  ScopeGuard.prototype.canActivate = () => true;
}

async function serve(): Promise<void> {
  if (open === 'open') await takeChecksAway();
  const { startService } = await load<typeof import('../../src/service.js')>('service.js');
  const { loadConfig } = await load<typeof import('../../src/config/config.js')>('config/config.js');
  const service = await startService(loadConfig(process.env), () => undefined);
  process.once('SIGTERM', () => {
    void service.stop().then(() => process.exit(0));
  });
}

if (Number(processes) > 1 && cluster.isPrimary) {
  const workers = Array.from({ length: Number(processes) }, () => cluster.fork());
  const listening = workers.map((worker) => new Promise((resolve) => worker.once('listening', resolve)));
  await Promise.all(listening);
  process.once('SIGTERM', () => {
    cluster.disconnect(() => process.exit(0));
  });
  process.send?.({
    ready: true,
    pids: [process.pid, ...workers.flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]))],
  });
} else {
  await serve();
  if (cluster.isPrimary) process.send?.({ ready: true, pids: [process.pid] });
}
