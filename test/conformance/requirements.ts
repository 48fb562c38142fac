/** A test, by its file and by its name as it stands in that file's text. */
export interface Evidence {
  readonly file: string;
  readonly test: string;
}

export interface Requirement {
  readonly level: 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY';
  /** In our words. */
  readonly says: string;
  readonly tests: readonly Evidence[];
}

const of =
  (file: string) =>
  (test: string): Evidence => ({ file, test });
const metadata = of('test/conformance/metadata.test.ts');
const resource = of('test/conformance/resource-server.test.ts');
const server = of('test/conformance/authorization-server.test.ts');
const grants = of('test/security/attacks-grants.test.ts');
const browser = of('test/security/attacks-browser.test.ts');
const documents = of('test/security/attacks-documents.test.ts');
const tokens = of('test/security/attacks-tokens.test.ts');
const flow = of('test/oauth/flow.test.ts');
const caches = of('test/oauth/client-documents/client-documents.test.ts');
const refused = of('test/security/refused.test.ts');
const clients = of('test/mcp/clients.test.ts');
const gate = of('test/mcp/gate.test.ts');
const guarded = of('test/mcp/guarded.test.ts');
const sessions = of('test/mcp/sessions.test.ts');
const guard = of('test/gateway/proxy/checks.test.ts');

const PINNED = metadata('S2, S3, S5, S20: the authorization server’s metadata at %s is this, word for word');
const RESOURCE_PINNED = metadata(
  'R1, R2, R4, R14: the resource’s metadata at the form %j is this, word for word',
);
const NO_CREDENTIAL = resource(
  'R2, R3, R4, R12: without a credential it is 401, with where and what to ask for and without an error',
);
const BAD_TOKEN = resource('R5, R8, R13: with a bad token it is 401 invalid_token, each attribute once');
const FORBIDDEN = resource(
  'R9, R13: the 403 names the error, every scope that the call needs and where the metadata is',
);
const REMEMBERED = server(
  'S8: a remembered consent spares the click for a web address, never for a loopback one',
);

/** The rows of the list of requirements: S1 to S28 of the authorization server, R1 to R20 of the resource server; there is no R17. */
export const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  S1: {
    level: 'MUST',
    says: 'OAuth 2.1 for public and for confidential clients',
    tests: [server('S1: a public and a confidential client each get tokens by the code flow')],
  },
  S2: {
    level: 'MUST',
    says: 'one metadata document under both names, and one spelling of the issuer',
    tests: [
      PINNED,
      metadata(
        'S2: the issuer is the same, byte for byte, in both documents, in tokens and for whatever Host was sent',
      ),
    ],
  },
  S3: { level: 'MUST', says: 'the metadata says S256', tests: [PINNED] },
  S4: {
    level: 'MUST',
    says: 'no code without a challenge, no token without its verifier',
    tests: [
      grants('attack 5: a request with %s gets no code'),
      grants('attack 5: a code with %s gets no token'),
    ],
  },
  S5: {
    level: 'SHOULD',
    says: 'iss on each answer of the authorization endpoint',
    tests: [
      PINNED,
      server('S5: iss and state are on errors too'),
      flow('gives state and iss back byte for byte'),
    ],
  },
  S6: {
    level: 'MUST',
    says: 'https but for loopback; redirects to https, loopback or an app',
    tests: [
      of('test/config/config.test.ts')(
        'a master key, a database and https are required, and all that is missing is named',
      ),
      browser('attack 7: %j is not registered as a redirect_uri'),
    ],
  },
  S7: {
    level: 'MUST',
    says: 'redirects match exactly, but for a loopback port; nobody is sent elsewhere',
    tests: [
      browser('attack 6: %j is not redirected to'),
      browser('attack 6: only the port of a registered loopback host may differ'),
    ],
  },
  S8: {
    level: 'SHOULD',
    says: 'no redirect without a click to where anybody may listen',
    tests: [
      REMEMBERED,
      browser('attack 11: a cross-site navigation gets no code that was not allowed before'),
    ],
  },
  S9: {
    level: 'MUST',
    says: 'short access tokens; refresh tokens rotate, and a reuse ends the family',
    tests: [
      server('S9: an access token is short-lived, and each refresh brings another refresh token'),
      grants(
        'attack 2: 50 parallel refreshes get one successor; a reuse after the window kills the family, also after a restart',
      ),
    ],
  },
  S10: {
    level: 'MUST',
    says: 'a refresh token is its client’s, for its resource, and never widens',
    tests: [
      grants(
        'attack 4: another client can neither refresh, nor revoke, nor introspect, nor redeem what is not its own',
      ),
      grants('attack 12: neither a code nor a refresh token is good for %s'),
      grants('attack 12: a refresh never widens the scope'),
    ],
  },
  S11: {
    level: 'SHOULD',
    says: 'refresh tokens end when idle, and in the end anyway',
    tests: [
      server('S11: a refresh token ends when it lies idle, and at the end of its session however busy'),
    ],
  },
  S12: {
    level: 'MUST',
    says: 'a code used twice ends what it brought; a wrong replay ends nothing',
    tests: [
      grants(
        'attack 1: of 50 parallel redemptions of one code one is granted, and a later replay revokes its tokens',
      ),
      flow('of 50 at once one is redeemed; a later replay ends its session (attack 1)'),
    ],
  },
  S13: {
    level: 'MUST',
    says: 'resource decides aud; what was not granted is invalid_target',
    tests: [
      grants('attack 12: neither a code nor a refresh token is good for %s'),
      resource(
        'R14, S13: a resource with upper-case scheme and host is ours, and its token’s aud is the one spelling',
      ),
    ],
  },
  S14: {
    level: 'MUST',
    says: 'no scope asked: the default; another scope granted: told',
    tests: [
      server('S14: left out, it is the resource’s default, and the answer says which'),
      server('S14: what was granted is told when it differs from what was asked'),
    ],
  },
  S15: {
    level: 'MUST',
    says: 'no-store; an unknown client is 401, with a challenge after Basic',
    tests: [
      server('S15: tokens, errors, registrations and pages are no-store'),
      server('S15: a client that is not known is 401, with a challenge where it used Basic'),
    ],
  },
  S16: {
    level: 'MUST',
    says: 'parameters: unknown ignored, empty left out, repeated refused',
    tests: [
      server('S16: unknown ones are ignored at authorize and at token'),
      server('S16: an empty one equals an omitted one'),
      server('S16: a repeated one is an error at authorize and at token'),
    ],
  },
  S17: {
    level: 'MUST',
    says: 'client secrets cannot be guessed at will',
    tests: [server('S17: guesses at a client secret run out, and the right one still counts')],
  },
  S18: {
    level: 'MUST',
    says: 'authorize: no CORS, no frames, no redirect that carries a form on',
    tests: [
      metadata('S18: no CORS where a person’s cookies count, and CORS where a client’s own credential does'),
      browser('attack 11: no page can be framed'),
      server('S18: after credentials every redirect is 303, which sends no form on'),
    ],
  },
  S19: {
    level: 'MUST',
    says: 'nothing can be guessed; public clients get no secret',
    tests: [
      server(
        'S19: codes, tokens and secrets hold at least 128 bits, no two alike, and a public client has no secret',
      ),
    ],
  },
  S20: {
    level: 'SHOULD',
    says: 'client metadata documents, and the metadata says so',
    tests: [
      PINNED,
      metadata('S20, S28: there is one switch for all client documents, and the metadata tells'),
      documents(
        'attack 9: a document that names its own URL is a client, as the others here would be if they did',
      ),
    ],
  },
  S21: {
    level: 'MUST',
    says: 'a document is JSON, about its own URL, and lists the redirect',
    tests: [
      documents('attack 9: a document with %s is refused'),
      documents('attack 9: a redirect that is not in the document is refused'),
    ],
  },
  S22: {
    level: 'MUST',
    says: 'a document’s URL is plain https with a path; 200 only, no redirect, no secret',
    tests: [
      documents('attack 9: the client_id path %j is refused unfetched'),
      documents('attack 9: user information in a client_id is refused unfetched'),
      documents('attack 8: a redirect is not followed'),
    ],
  },
  S23: {
    level: 'MUST NOT',
    says: 'a bad document is never kept; a good one as long as HTTP says, and in need longer',
    tests: [
      caches('a document is fetched once while it is fresh, and again after'),
      caches('a document that was never good is an error that says why, and is not stored'),
    ],
  },
  S24: {
    level: 'MUST',
    says: 'no fetch reaches a special address, whatever a resolver says',
    tests: [
      documents('attack 8: %s is never connected to'),
      documents('attack 8: a name that resolves to %s is never connected to'),
      documents('attack 8: keys at %s are not fetched either'),
    ],
  },
  S25: {
    level: 'SHOULD',
    says: 'no document over 5 KB; no generated id like a URL',
    tests: [
      documents('attack 8: a body of 100 MB is let go after 5 KB'),
      server('S25: a generated client id never looks like a URL'),
    ],
  },
  S26: {
    level: 'MUST',
    says: 'consent shows who asks and where the answer goes',
    tests: [
      server(
        'S26: consent names the client, the host of its id and that of the redirect, and warns where that is loopback',
      ),
    ],
  },
  S27: {
    level: 'MAY',
    says: 'clients register themselves',
    tests: [server('S27: a client registers itself, as %s, and is told what was understood')],
  },
  S28: {
    level: 'MAY',
    says: 'trust by the domain of a document: not offered, but all documents can be turned off',
    tests: [metadata('S20, S28: there is one switch for all client documents, and the metadata tells')],
  },

  R1: { level: 'MUST', says: 'resource metadata with our authorization server', tests: [RESOURCE_PINNED] },
  R2: {
    level: 'MUST',
    says: 'the 401 says where the metadata is, and it is at both forms',
    tests: [RESOURCE_PINNED, NO_CREDENTIAL],
  },
  R3: { level: 'SHOULD', says: 'the 401 says what to ask for', tests: [NO_CREDENTIAL] },
  R4: {
    level: 'SHOULD NOT',
    says: 'no offline_access there, and no more scopes than are of use',
    tests: [RESOURCE_PINNED, NO_CREDENTIAL],
  },
  R5: {
    level: 'MUST',
    says: 'the token is judged before anything else',
    tests: [
      BAD_TOKEN,
      resource('R5: a bad token is refused before the body is looked at'),
      refused('refuses %s with 401 and the challenge'),
    ],
  },
  R6: {
    level: 'MUST',
    says: 'only tokens for this resource',
    tests: [tokens('attack 13: %s is no bearer token')],
  },
  R7: {
    level: 'MUST NOT',
    says: 'no other token is taken, and no tool sees the one that came',
    tests: [
      tokens('attack 13: %s is no bearer token'),
      resource('R7: no tool is handed the credential, nor tells it'),
    ],
  },
  R8: {
    level: 'MUST',
    says: '401 for who, 403 for what, 400 for how',
    tests: [BAD_TOKEN, resource('R8: 400 for what is malformed, 401 for who, 403 for what may not be done')],
  },
  R9: { level: 'SHOULD', says: 'the 403 says what the call needs', tests: [FORBIDDEN] },
  R10: {
    level: 'MUST',
    says: 'a broad scope covers a narrow one',
    tests: [resource('R10: a call that needs notes:write, with %s, is %d')],
  },
  R11: {
    level: 'MUST',
    says: 'the token is in the header, each time',
    tests: [
      resource('R11: a token counts in the header of this very request and nowhere else'),
      refused('a token in the query string is not looked at'),
    ],
  },
  R12: { level: 'SHOULD NOT', says: 'no error where no credential came', tests: [NO_CREDENTIAL] },
  R13: { level: 'MUST', says: 'challenges that can be parsed', tests: [BAD_TOKEN, FORBIDDEN] },
  R14: {
    level: 'SHOULD',
    says: 'a resource in capitals is ours; the published one has no slash at its end',
    tests: [
      RESOURCE_PINNED,
      resource(
        'R14, S13: a resource with upper-case scheme and host is ours, and its token’s aud is the one spelling',
      ),
    ],
  },
  R15: {
    level: 'MUST',
    says: 'no page of another site may call',
    tests: [
      resource('R15: no page of another site may %s, and those of this computer may'),
      guard('pages of other sites are refused'),
    ],
  },
  R16: {
    level: 'SHOULD',
    says: 'run locally, only this computer reaches it',
    tests: [
      of('test/ops/shutdown.test.ts')(
        'R16: the service was not told where to listen, so it listens on loopback alone',
      ),
      of('test/gateway/proxy/memory.test.ts')(
        'R16: nobody told it where to listen, so it listens on loopback alone',
      ),
    ],
  },
  R18: {
    level: 'MUST NOT',
    says: 'the id of a session is no credential',
    tests: [
      sessions('R18: its id is no credential, and to any other caller it is a 404'),
      guarded('what was sealed for one caller is refused from another'),
      guard('belong to whom they were opened by, under an id that the server itself does not know'),
    ],
  },
  R19: {
    level: 'MUST',
    says: 'tools: inputs checked, each with its scopes, calls limited, no more said than was promised',
    tests: [
      resource('R19: a tool does not run with %j'),
      gate('of its class and its method add up: %s alone is refused, and both are named'),
      gate('50 at once over two replicas: exactly as many run as the tool allows'),
      gate('R19: of %s, which %s, its caller reads that it failed and not how'),
    ],
  },
  R20: {
    level: 'MUST',
    says: 'lists may vary by caller, then they are private; what a list hides is guarded all the same',
    tests: [
      guarded('R20: %s, which varies by caller, is private to each'),
      guarded('attack 27: %s of what is hidden, called by its name, is 403 with every scope it needs: %j'),
      clients('tools/list shows what the caller may call'),
    ],
  },
};
