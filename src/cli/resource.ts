import { parseScope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import { parseClientMetadata } from '../oauth/clients/client-metadata.js';
import { ClientsRepository } from '../oauth/clients/clients.repository.js';
import { configuredClient } from '../oauth/clients/configured-client.js';
import { ResourceBody } from '../resources/resource-body.js';
import { canonicalResource, type Resource } from '../resources/resource.js';
import { ResourcesRepository } from '../resources/resources.repository.js';
import { recordByOperator } from './record-by-operator.js';
import { withDatabase } from './with-database.js';

/**
 * `toolgate resource URL "SCOPE SCOPE"`: enters an MCP server and makes the client with which it introspects. What that
 * server needs to know goes to the standard output, as lines of an environment file.
 */
export async function resource([url = '', scopeText = '', ...rest]: string[], usage: string): Promise<void> {
  const scopes = parseScope(scopeText) ?? [];
  if (rest.length > 0 || scopes.length === 0) {
    console.error(
      `A resource needs its URL, and its scopes in quotes: "notes:read notes:write".\n\n${usage}`,
    );
    process.exitCode = 2;
    return;
  }
  const identifier = canonicalResource(url);
  if (identifier === undefined) throw new Error(`${url} must be an http or https URL without a fragment.`);
  await withDatabase(async (database, config) => {
    if (identifier === config.resource) throw new Error('This is the MCP server of the service itself.');
    const resources = new ResourcesRepository(database, config);
    await resources.save(described(identifier, scopes, await resources.find(identifier)), new Date());
    await recordByOperator(database, 'resource.saved', { resource: identifier });
    const { clientId, secret } = await clientFor(identifier, database, config);
    await recordByOperator(database, 'client.created', { clientId });
    console.log(
      [
        `ISSUER=${config.issuer}`,
        `RESOURCE=${identifier}`,
        `CLIENT_ID=${clientId}`,
        `CLIENT_SECRET=${secret}`,
      ].join('\n'),
    );
  });
}

/** What was said of it before stays. */
function described(identifier: string, names: readonly string[], before: Resource | undefined): Resource {
  const known = before?.scopes ?? [];
  const scopes = names.map(
    (name) => known.find((scope) => scope.name === name) ?? { name, description: name },
  );
  const body = { name: new URL(identifier).host, tools: [], ...before, identifier, scopes };
  const parsed = ResourceBody.safeParse({ ...body, default_scopes: names });
  if (!parsed.success)
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
    );
  const { default_scopes: defaultScopes, ...entered } = parsed.data;
  return { ...entered, defaultScopes };
}

async function clientFor(identifier: string, database: Database, config: Config) {
  const metadata = parseClientMetadata(
    {
      client_name: identifier,
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    ['client_credentials'],
  );
  const { client, secret } = configuredClient(metadata, { ownScopes: [], serves: [identifier] });
  await new ClientsRepository(database, config).insert(client, new Date());
  return { clientId: client.clientId, secret: secret ?? '' };
}
