#!/usr/bin/env node
import { startQuickly } from './quick-start.js';

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

/** Each loads what it needs and nothing else, so that the service starts without the guard's part and the guard without its. */
const COMMANDS: Readonly<Record<string, (rest: string[]) => Promise<void>>> = {
  start: startQuickly,
  demo: async (rest) => (await import('./demo.js')).demo(rest),
  guard: async (rest) => (await import('./guard.js')).guard(rest),
  user: async (rest) => (await import('./user.js')).user(rest, USAGE),
  resource: async (rest) => (await import('./resource.js')).resource(rest, USAGE),
  audit: async (rest) => (await import('./audit.js')).audit(rest, USAGE),
  keys: async (rest) => (await import('./signing-keys.js')).keys(rest, USAGE),
};

async function run([command = '', ...rest]: string[]): Promise<void> {
  if (Object.hasOwn(COMMANDS, command)) await COMMANDS[command]?.(rest);
  else if (['', 'help', '--help'].includes(command)) console.error(USAGE);
  else {
    console.error(`There is no command ${JSON.stringify(command)}.\n\n${USAGE}`);
    process.exitCode = 2;
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  // What failed, and nothing of where in the code.
  console.error(error instanceof Error && error.message !== '' ? error.message : String(error));
  process.exitCode = 1;
}
