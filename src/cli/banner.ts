import type { Config } from '../config/config.js';

/** What a person needs right after the start: where things are, and three commands that work as printed. */
export function banner(config: Config, database: string, startedInMs: number): string {
  const { issuer } = config;
  const json = `-H 'Content-Type: application/json'`;
  const person = `"email":"ada@example.com","password":"correct horse battery staple 42"`;
  const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}`;
  return `
  Toolgate is up (${(startedInMs / 1000).toFixed(1)} s)

    issuer     ${issuer}
    MCP        ${config.resource}
    API docs   ${issuer}/docs
    database   ${database}

  Try it, in another terminal:

  1. Register
     curl -s ${issuer}/auth/register ${json} -d '{${person}}'

  2. Log in, and keep the access token
     TOKEN=$(curl -s ${issuer}/auth/login ${json} -d '{${person}}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

  3. Call a tool
     curl -s ${config.resource} -H "Authorization: Bearer $TOKEN" ${json} -H 'Accept: application/json, text/event-stream' -d '${call}'

  Stop with Ctrl-C.
`;
}
