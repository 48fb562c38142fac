import { createServer } from 'node:http';
import pg from 'pg';
import { type Answer, BareAnswers, type Request } from './answers.js';
import { BareTokens } from './tokens.js';

/* The floor: node:http and pg, and of each operation nothing but the necessary work. Argument: its port. */
const [, , port = '0'] = process.argv;

function serve(): Promise<void> {
  const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
  const keys = new BareTokens(process.env['BARE_KEY'] ?? '', process.env['ISSUER'] ?? '');
  const answers = new BareAnswers(pool, keys);
  const routes: Record<string, (request: Request) => Answer | Promise<Answer>> = {
    'POST /mcp': (request) => answers.toolCall(request),
    'POST /refresh': ({ body }) =>
      answers.refresh((JSON.parse(body) as { refresh_token: string }).refresh_token),
    'POST /token': (request) => answers.token(request),
    'POST /introspect': (request) => answers.introspect(request),
    'POST /login': (request) => answers.login(request),
    'POST /register': (request) => answers.register(request),
    'GET /jwks': () => [200, keys.jwks],
  };
  const server = createServer((request, response) => {
    const route = routes[`${request.method ?? ''} ${request.url ?? ''}`];
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { authorization } = request.headers;
      Promise.resolve(route ? route({ authorization, body }) : ([404, '{}'] as Answer)).then(
        ([status, text]) => {
          response.writeHead(status, {
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(text),
            'Cache-Control': 'no-store',
          });
          response.end(text);
        },
        (error: unknown) => {
          process.stdout.write(`${String(error)}\n`);
          response.writeHead(500).end();
        },
      );
    });
  });
  process.once('SIGTERM', () => process.exit(0));
  return new Promise((resolve) => server.listen(Number(port), '127.0.0.1', resolve));
}

await serve();
process.send?.({ ready: true, pids: [process.pid] });
