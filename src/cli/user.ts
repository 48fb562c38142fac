import { parseScope, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import { type Account, UsersRepository } from '../users/users.repository.js';
import type { AuditedEvent } from '../ops/audit/audit-event.js';
import { ResourcesRepository } from '../resources/resources.repository.js';
import { recordByOperator } from './record-by-operator.js';
import { withDatabase } from './with-database.js';

const line = (user: Account) =>
  `${user.email}  ${user.disabledAt ? 'disabled' : 'active'}  ${user.scopes.join(' ')}  ${user.createdAt.toISOString()}`;

function fail(message: string): void {
  console.error(message);
  process.exitCode = 2;
}

/** Those of the service, and those of every MCP server that was entered: any other would be a slip. */
async function knownScopes(database: Database, config: Config): Promise<Scope[]> {
  const resources = await new ResourcesRepository(database, config).all();
  return [
    ...new Set([
      ...config.scopes.known,
      ...resources.flatMap((resource) => resource.scopes.map(({ name }) => name)),
    ]),
  ];
}

/** `toolgate user ...`: what an operator does to accounts. */
export async function user([action, email = '', scopeText, ...rest]: string[], usage: string): Promise<void> {
  // Forgotten or unquoted, the scopes would be wiped or cut; to take them all away is to say so with "".
  if (rest.length > 0 || (action === 'scopes') !== (scopeText !== undefined)) {
    fail(usage);
    return;
  }
  const scopes = parseScope(scopeText ?? '') ?? [];
  await withDatabase(async (database, config) => {
    if (action === 'scopes') {
      const known = await knownScopes(database, config);
      const unknown = scopes.filter((scope) => !known.includes(scope));
      if (unknown.length > 0) {
        fail(`Unknown scopes: ${unknown.join(' ')}. Known: ${known.join(' ')}`);
        return;
      }
    }
    const users = new UsersRepository(database);
    if (action === 'list') {
      for (const account of await users.list()) console.log(line(account));
      return;
    }
    const changes: Record<string, [AuditedEvent, () => Promise<Account | undefined>]> = {
      disable: ['account.disabled', () => users.disable(email, new Date())],
      enable: ['account.enabled', () => users.enable(email)],
      scopes: ['account.scopes_set', () => users.setScopes(email, scopes)],
    };
    const [event, change] = changes[action ?? ''] ?? [];
    if (!event || !change) {
      fail(usage);
      return;
    }
    const changed = await change();
    if (changed) {
      console.log(line(changed));
      await recordByOperator(database, event, { userId: changed.id });
    } else fail(`No account has the address ${email}.`);
  });
}
