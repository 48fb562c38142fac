import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const POSTGRES = '/usr/lib/postgresql';
const OLDEST = 15;
const pgbouncer = '/usr/sbin/pgbouncer';
const chromium = '/usr/bin/chromium';
const nginx = '/usr/sbin/nginx';
const [python, pyjwt] = ['/usr/bin/python3', '/usr/lib/python3/dist-packages/jwt/__init__.py'];
const go = '/usr/bin/go';
const [java, javac, jackson] = ['/usr/bin/java', '/usr/bin/javac', '/usr/share/java/jackson-databind.jar'];
const natsServer = '/usr/sbin/nats-server';

/** The oldest Postgres there is, of those the service promises to work with. */
function postgresFolder() {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).map(Number) : [];
  const [oldest] = versions
    .filter((version) => version >= OLDEST && existsSync(join(POSTGRES, String(version), 'bin', 'postgres')))
    .sort((a, b) => a - b);
  return oldest === undefined ? undefined : join(POSTGRES, String(oldest), 'bin');
}

/**
 * What is not there and which Debian package brings it, one line each.
 *
 * @returns {string[]}
 */
export function missingPrograms() {
  const missing = [
    ...(postgresFolder() ? [] : [['postgresql', `Postgres ${OLDEST} or newer in ${POSTGRES}`]]),
    ...(existsSync(pgbouncer) ? [] : [['pgbouncer', pgbouncer]]),
    ...(existsSync(chromium) ? [] : [['chromium', chromium]]),
    ...(existsSync(nginx) ? [] : [['nginx', nginx]]),
    ...(existsSync(python) && existsSync(pyjwt) ? [] : [['python3-jwt', pyjwt]]),
    ...(existsSync(java) && existsSync(javac) ? [] : [['openjdk-17-jdk-headless', javac]]),
    ...(existsSync(jackson) ? [] : [['libjackson2-databind-java', jackson]]),
    ...(existsSync(go) ? [] : [['golang-go', go]]),
    ...(existsSync(natsServer) ? [] : [['nats-server', natsServer]]),
  ];
  return missing.map(
    ([name, what]) =>
      `The system tests need ${what}. Install the Debian package ${name}: apt-get install --no-install-recommends ${name}`,
  );
}

/** @throws Error naming the Debian package of what is missing. */
export function debianPrograms() {
  const missing = missingPrograms();
  const folder = postgresFolder();
  if (missing.length > 0 || folder === undefined) throw new Error(missing.join('\n'));
  const postgres = join(folder, 'postgres');
  return {
    postgres,
    initdb: join(folder, 'initdb'),
    pgDump: join(folder, 'pg_dump'),
    pgbouncer,
    chromium,
    nginx,
    natsServer,
    python,
    go,
    java,
    jars: ['databind', 'core', 'annotations'].map((part) => `/usr/share/java/jackson-${part}.jar`).join(':'),
  };
}
