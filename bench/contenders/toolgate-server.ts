import { pathToFileURL } from 'node:url';

/*
 * Our service as `npm start` runs it, of the build that the second argument names. Arguments: port, root, `open` for the
 * app without any check of who calls, which exists here alone, to measure what the check costs.
 */
const [, , port = '', root = '', open] = process.argv;
const load = async <Exports>(file: string) =>
  (await import(pathToFileURL(`${root}/dist/src/${file}`).href)) as Exports;

async function takeChecksAway(): Promise<void> {
  type Guards = typeof import('../../src/auth/authentication.guard.js');
  type Scopes = typeof import('../../src/auth/scope.guard.js');
  const { AuthenticationGuard } = await load<Guards>('auth/authentication.guard.js');
  const { ScopeGuard } = await load<Scopes>('auth/scope.guard.js');
  const { loadConfig } = await load<typeof import('../../src/config/config.js')>('config/config.js');
  const { DEFAULT_USER_SCOPES, resource } = loadConfig(process.env);
  // As whoever logs in, so that a call says the same and is recorded the same.
  const principal = {
    kind: 'user',
    userId: '00000000-0000-7000-8000-000000000001',
    sessionId: '00000000-0000-7000-8000-000000000000',
    clientId: 'toolgate',
    resource,
    scopes: DEFAULT_USER_SCOPES,
  };
  AuthenticationGuard.prototype.canActivate = (context) => {
    context.switchToHttp().getRequest<{ principal: unknown }>().principal = principal;
    return Promise.resolve(true);
  };
  ScopeGuard.prototype.canActivate = () => true;
}

async function serve(): Promise<void> {
  (await load<typeof import('../../src/cli/one-core.js')>('cli/one-core.js')).markInTurn();
  if (open === 'open') await takeChecksAway();
  const { startService } = await load<typeof import('../../src/service.js')>('service.js');
  const { loadConfig } = await load<typeof import('../../src/config/config.js')>('config/config.js');
  const service = await startService(loadConfig({ ...process.env, PORT: port }), () => undefined);
  process.once('SIGTERM', () => {
    void service.stop().then(() => process.exit(0));
  });
}

await serve();
process.send?.({ ready: true, pids: [process.pid] });
