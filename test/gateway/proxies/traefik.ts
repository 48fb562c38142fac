import { type Decide, type Passing, send } from './stand-in.js';

/** What our file uses of Traefik's dynamic configuration. */
export interface TraefikFile {
  http: {
    routers: Record<string, { rule: string; middlewares: string[]; service: string }>;
    middlewares: Record<string, Middleware>;
    services: Record<string, { loadBalancer: { servers: { url: string }[] } }>;
  };
}
interface Middleware {
  forwardAuth?: {
    address: string;
    trustForwardHeader: boolean;
    authRequestHeaders: string[];
    authResponseHeaders: string[];
  };
  headers?: { customRequestHeaders: Record<string, string> };
  replacePath?: { path: string };
}

/** doc.traefik.io, ForwardAuth: a GET without a body, of the client's headers those listed, and X-Forwarded-* of its own. */
async function ask(
  { address, authRequestHeaders, authResponseHeaders }: NonNullable<Middleware['forwardAuth']>,
  request: Passing,
  from: string,
  hosts: Readonly<Record<string, string>>,
) {
  const [, host = '', path = ''] = /^http:\/\/([^/]+)(\/.*)$/.exec(address) ?? [];
  const listed = authRequestHeaders
    .map((name) => name.toLowerCase())
    .filter((name) => name in request.headers);
  const answer = await send(hosts[host] ?? '', {
    method: 'GET',
    path,
    headers: {
      ...Object.fromEntries(listed.map((name) => [name, request.headers[name] ?? ''])),
      'x-forwarded-method': request.method,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': request.headers['host'] ?? '',
      'x-forwarded-uri': request.path,
      'x-forwarded-for': from,
    },
    body: '',
  });
  if (answer.status === 0) return { ...answer, status: 500 };
  if (answer.status < 200 || answer.status > 299) return answer;
  for (const name of authResponseHeaders.map((one) => one.toLowerCase())) {
    const { [name]: _, ...others } = request.headers;
    const value = answer.headers[name];
    request.headers = { ...others, ...(value !== undefined && { [name]: value }) };
  }
  return undefined;
}

/** The same, Headers: an empty value removes a header. */
function setHeaders(request: Passing, custom: Readonly<Record<string, string>>): void {
  const names = Object.keys(custom).map((name) => name.toLowerCase());
  const kept = Object.entries(request.headers).filter(([name]) => !names.includes(name));
  const set = Object.entries(custom).filter(([, value]) => value !== '');
  request.headers = Object.fromEntries([...kept, ...set.map(([name, value]) => [name.toLowerCase(), value])]);
}

export function traefik({ http }: TraefikFile, hosts: Readonly<Record<string, string>>): Decide {
  return async (request, from) => {
    const [pathname = '', query] = request.path.split('?');
    const routers = Object.values(http.routers);
    const open = routers.find(({ rule }) => rule.endsWith(`Path(\`${pathname}\`)`));
    const router = open ?? routers.find(({ rule }) => !rule.includes('Path('));
    if (!router) throw new Error('no router');
    for (const name of router.middlewares) {
      const { forwardAuth, headers, replacePath, ...unknown } = http.middlewares[name] ?? { unknown: name };
      expectNothing(unknown);
      const refused = forwardAuth && (await ask(forwardAuth, request, from, hosts));
      if (refused) return { answer: refused };
      if (headers) setHeaders(request, headers.customRequestHeaders);
      if (replacePath) request.path = replacePath.path + (query === undefined ? '' : `?${query}`);
    }
    const host = new URL(http.services[router.service]?.loadBalancer.servers[0]?.url ?? '').host;
    return { host: hosts[host] ?? '' };
  };
}

function expectNothing(rest: object): void {
  if (Object.keys(rest).length > 0) throw new Error(`the stand-in does not know ${JSON.stringify(rest)}`);
}
