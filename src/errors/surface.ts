/** Who reads the answers of a path: an MCP client, an OAuth client, a person, or a caller of the REST API. */
export type Surface = 'mcp' | 'oauth' | 'page' | 'rest';

const SURFACES: readonly (readonly [RegExp, Surface])[] = [
  [/^\/mcp(?:[/?]|$)/, 'mcp'],
  [/^\/(?:oauth\/authorize|login|signup|logout|consent|device|account)(?:[/?]|$)/, 'page'],
  [/^\/oauth\//, 'oauth'],
  // A proxy passes the answer on to the client of the server behind it.
  [/^\/forward-auth(?:[/?]|$)/, 'oauth'],
];

export function surfaceOf(url: string): Surface {
  return SURFACES.find(([path]) => path.test(url))?.[1] ?? 'rest';
}
