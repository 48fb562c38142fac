import { type Script, STEPS, type Step } from './script.js';

export interface Result {
  readonly script: Script;
  /** Undefined: done. Steps after one that failed are missing. */
  readonly outcomes: ReadonlyMap<Step, Error | undefined>;
}

const sign = ({ script, outcomes }: Result, step: Step, footnotes: readonly Script[]): string => {
  if (!outcomes.has(step)) return '–';
  if (outcomes.get(step) === undefined) return '✓';
  const footnote = footnotes.indexOf(script) + 1;
  return footnote > 0 ? `✗ (${footnote})` : '✗';
};

const WAYS = { document: 'client metadata document', registration: 'dynamic registration' } as const;

/** docs/clients.md: made of what a run did, and the same for every run that did the same. */
export function clientsPage(results: readonly Result[]): string {
  const footnotes = results.map(({ script }) => script).filter(({ fails }) => fails !== undefined);
  const rows = results.map((result) => {
    const { client, registration, redirectUri } = result.script;
    const cells = [client, WAYS[registration.way], `\`${redirectUri.replace('{port}', '<port>')}\``];
    return `| ${[...cells, ...STEPS.map((step) => sign(result, step, footnotes))].join(' | ')} |`;
  });
  const ownWays = results.flatMap(({ script, outcomes }) =>
    outcomes.has('own ways') && outcomes.get('own ways') === undefined
      ? (script.ownWays ?? []).map(
          ({ words }) => `- ${script.client} (${WAYS[script.registration.way]}): ${words}.`,
        )
      : [],
  );
  return `<!-- Made by test/clients/scripted.test.ts: \`UPDATE_DOCS=1 npm test -- test/clients/scripted\`. Change the scripts instead. -->

# MCP clients

**Simulated.** No vendor's program ran here. Each row is a script with a client's registration, redirect URI and quirks as
captured from its source and documentation (autumn 2026), run against this service over HTTP. The vendors' metadata
documents were put into the database rather than fetched; ChatGPT's keys came from a server of the test.
\`test/clients/real.test.ts\` runs real libraries, and \`openid.test.ts\` and \`mcp-remote.test.ts\` beside it more of them.

| Client | Known by | Redirect URI | ${STEPS.join(' | ')} |
|${'---|'.repeat(STEPS.length + 3)}
${rows.join('\n')}

✓ done, ✗ failed, – not reached.

${footnotes.map(({ client, fails }, index) => `(${index + 1}) ${client}: expected. ${fails?.why ?? ''}`).join('\n\n')}

## The steps

- discovery: a request without a token, the 401, the resource metadata it names, the server metadata.
- first connect: sign-in, consent with only \`notes:read\` left ticked, the code, the tokens; \`state\` and \`iss\` come back.
- own ways: what only this client does, listed below.
- step-up: a tool call is refused with 403 \`insufficient_scope\`, the person is asked again, the call goes through.
- refresh: twice at once, without \`scope\` and without \`resource\`; both get the same successor and all scopes.
- reconnect: the access token has expired, the call is 401, a refresh mends it.
- revocation: the next call is 401, the next refresh \`invalid_grant\`.

## Own ways

${ownWays.join('\n')}
`;
}
