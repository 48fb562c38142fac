import { type Decide, type Passing, send } from './stand-in.js';

interface Header {
  key: string;
  value: string;
}
interface Patterns {
  patterns: { exact: string }[];
}
interface Filters {
  'envoy.filters.http.header_mutation': { mutations: { request_mutations: { remove: string }[] } };
  'envoy.filters.http.ext_authz': {
    failure_mode_allow: boolean;
    status_on_error: { code: string };
    allowed_headers: Patterns;
    http_service: {
      server_uri: { cluster: string };
      path_prefix: string;
      authorization_request: { headers_to_add: Header[] };
      authorization_response: { allowed_upstream_headers: Patterns };
    };
  };
}
interface Route {
  match: { path?: string; prefix?: string };
  request_headers_to_add?: { header: Header; append_action: string }[];
  route: { cluster: string; prefix_rewrite?: string };
  typed_per_filter_config?: Record<string, { disabled?: boolean }>;
}
interface Manager {
  use_remote_address: boolean;
  common_http_protocol_options: { headers_with_underscores_action: string };
  http_filters: { name: string; typed_config: unknown }[];
  route_config: { virtual_hosts: { request_headers_to_remove: string[]; routes: Route[] }[] };
}
/** What our file uses of Envoy's static configuration. */
export interface EnvoyFile {
  static_resources: {
    listeners: { filter_chains: { filters: { typed_config: Manager }[] }[] }[];
    clusters: {
      name: string;
      load_assignment: {
        endpoints: {
          lb_endpoints: {
            endpoint: { address: { socket_address: { address: string; port_value: number } } };
          }[];
        }[];
      };
    }[];
  };
}

const drop = (request: Passing, gone: (name: string) => boolean): void => {
  request.headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !gone(name)));
};
const exact = ({ patterns }: Patterns) => patterns.map((pattern) => pattern.exact);
const pick = (headers: Passing['headers'], names: readonly string[]) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));

/**
 * ext_authz.proto: the client's method and path behind the prefix, Authorization and the allowed headers, no body; what is to be
 * added goes over what there is. A 200 alone lets the request pass, and its allowed headers go over the client's.
 */
async function authorize(
  filter: Filters['envoy.filters.http.ext_authz'],
  request: Passing,
  hostOf: (cluster: string) => string,
) {
  const { server_uri, path_prefix, authorization_request, authorization_response } = filter.http_service;
  const { host = '', ...others } = pick(request.headers, [
    'host',
    'authorization',
    ...exact(filter.allowed_headers),
  ]);
  const answer = await send(hostOf(server_uri.cluster), {
    method: request.method,
    path: path_prefix + request.path,
    headers: {
      host,
      ...others,
      'content-length': '0',
      ...Object.fromEntries(authorization_request.headers_to_add.map(({ key, value }) => [key, value])),
    },
    body: '',
  });
  if (answer.status === 0 || answer.status >= 500) {
    if (filter.failure_mode_allow) return undefined;
    if (filter.status_on_error.code !== 'ServiceUnavailable') throw new Error('another status');
    return { status: 503, headers: {}, body: '' };
  }
  if (answer.status !== 200) return answer;
  const set = pick(answer.headers, exact(authorization_response.allowed_upstream_headers));
  request.headers = { ...request.headers, ...set };
  return undefined;
}

export function envoy({ static_resources }: EnvoyFile, hosts: Readonly<Record<string, string>>): Decide {
  const manager = static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  const virtualHost = manager?.route_config.virtual_hosts[0];
  if (!manager || !virtualHost) throw new Error('no listener');
  const hostOf = (cluster: string) => {
    const { load_assignment } = static_resources.clusters.find(({ name }) => name === cluster) ?? {};
    const { address, port_value } =
      load_assignment?.endpoints[0]?.lb_endpoints[0]?.endpoint.address.socket_address ?? {};
    return hosts[`${address}:${port_value}`] ?? '';
  };
  return async (request, from) => {
    const [pathname = '', query] = request.path.split('?');
    const route = virtualHost.routes.find(
      ({ match: { path, prefix } }) =>
        path === pathname || (prefix !== undefined && pathname.startsWith(prefix)),
    );
    if (!route) return { answer: { status: 404, headers: {}, body: '' } };
    if (manager.common_http_protocol_options.headers_with_underscores_action === 'DROP_HEADER')
      drop(request, (name) => name.includes('_'));
    if (manager.use_remote_address) {
      const before = request.headers['x-forwarded-for'];
      request.headers['x-forwarded-for'] = before === undefined ? from : `${before},${from}`;
    }
    for (const { name, typed_config } of manager.http_filters) {
      if (route.typed_per_filter_config?.[name]?.disabled) continue;
      if (name === 'envoy.filters.http.header_mutation') {
        const { mutations } = typed_config as Filters[typeof name];
        const removed = mutations.request_mutations.map(({ remove }) => remove);
        drop(request, (one) => removed.includes(one));
      } else if (name === 'envoy.filters.http.ext_authz') {
        const refused = await authorize(typed_config as Filters[typeof name], request, hostOf);
        if (refused) return { answer: refused };
      } else if (name !== 'envoy.filters.http.router') throw new Error(`the stand-in does not know ${name}`);
    }
    drop(request, (name) => virtualHost.request_headers_to_remove.includes(name));
    for (const { header } of route.request_headers_to_add ?? []) request.headers[header.key] = header.value;
    const { cluster, prefix_rewrite } = route.route;
    if (prefix_rewrite !== undefined)
      request.path = prefix_rewrite + (query === undefined ? '' : `?${query}`);
    return { host: hostOf(cluster) };
  };
}
