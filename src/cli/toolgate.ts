#!/usr/bin/env node
import { audit } from './audit.js';
import { demo } from './demo.js';
import { guard, GUARD_USAGE } from './guard.js';
import { resource } from './resource.js';
import { rotateSigningKeys } from './signing-keys.js';
import { start } from './start.js';
import { user } from './user.js';

const USAGE = `toolgate <command>

  start                              run the service
  demo [--json FILE] [--markdown FILE]  walk the whole story in a temporary folder and record what happened
  guard URL | -- COMMAND ...         stand before an MCP server that has no authorization (guard --help)
  resource URL "SCOPE SCOPE"         enter an MCP server; prints what it needs to introspect, for its .env
  user list                          list the accounts
  user disable EMAIL                 end all sessions and keys of an account
  user enable EMAIL                  let it log in again
  user scopes EMAIL "SCOPE SCOPE"    set what it may do
  keys rotate                        rotate the signing keys, without a restart
  audit [--tail N] [FILTER ...]      the last N records of who called what and what was changed; 20 unless given
                                     filters: --event --user --client --key --resource --tool --outcome --since --until
`;

async function run([command, ...rest]: string[]): Promise<void> {
  switch (command) {
    case 'start':
      await start();
      break;
    case 'demo':
      await demo(rest);
      break;
    case 'guard':
      if (rest[0] === '--help' || rest.length === 0) console.error(GUARD_USAGE);
      else await guard(rest);
      break;
    case 'user':
      await user(rest, USAGE);
      break;
    case 'resource':
      await resource(rest, USAGE);
      break;
    case 'audit':
      await audit(rest, USAGE);
      break;
    case 'keys':
      if (rest[0] === 'rotate') await rotateSigningKeys();
      else console.error(USAGE);
      break;
    default:
      if (command === undefined || command === 'help' || command === '--help') console.error(USAGE);
      else {
        console.error(`There is no command ${JSON.stringify(command)}.\n\n${USAGE}`);
        process.exitCode = 2;
      }
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  // What failed, and nothing of where in the code.
  console.error(error instanceof Error && error.message !== '' ? error.message : String(error));
  process.exitCode = 1;
}
