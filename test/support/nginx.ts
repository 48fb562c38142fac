import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reservePort } from './port.js';
import { daemonHome, startDaemon } from './daemon.js';
import { debianPrograms } from './debian-programs.mjs';

const SNIPPETS = join(import.meta.dirname, '../../docs/proxies');

export interface Nginx {
  readonly url: string;
  /** What it wrote of its work: no credential belongs there. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** `text` with each thing that an operator would change; what is not there to be changed is an error. */
function changed(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changing, [from, to]) => {
    if (!changing.includes(from)) throw new Error(`the snippet does not say ${from}`);
    return changing.replaceAll(from, to);
  }, text);
}

/** The system's own nginx with the shipped files, in a folder of its own. Only addresses are changed. */
export async function startNginx(toolgate: string, server: string): Promise<Nginx> {
  const { nginx } = debianPrograms();
  const home = await daemonHome();
  const at = (name: string) => join(home.directory, name);
  const port = await reservePort();
  const url = `http://127.0.0.1:${port}`;
  await cp(join(SNIPPETS, 'nginx'), at('toolgate'), { recursive: true });
  const snippet = changed(await readFile(join(SNIPPETS, 'nginx.conf'), 'utf8'), {
    '127.0.0.1:4000': new URL(toolgate).host,
    '127.0.0.1:9000': new URL(server).host,
    'listen 8080': `listen 127.0.0.1:${port}`,
    'https://mcp.example.com/mcp': `${url}/mcp`,
  });
  await writeFile(at('mcp.conf'), snippet);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // One process, so that it ends with the tests.
  await writeFile(
    at('nginx.conf'),
    `daemon off;
master_process off;
pid ${at('pid')};
error_log ${at('error.log')} info;
events {}
http {
    access_log ${at('access.log')};
${temporary.map((name) => `    ${name}_temp_path ${at(name)};`).join('\n')}
    include mcp.conf;
}
`,
  );
  const answers = async () => (await fetch(url).catch(() => undefined)) !== undefined;
  const daemon = await startDaemon(
    home,
    [nginx, '-e', at('error.log'), '-p', home.directory, '-c', at('nginx.conf')],
    answers,
  );
  return {
    url,
    log: async () =>
      (await Promise.all(['error.log', 'access.log'].map((one) => readFile(at(one), 'utf8')))).join(''),
    stop: () => daemon.end('SIGTERM'),
  };
}
