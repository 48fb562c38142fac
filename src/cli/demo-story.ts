import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface Step {
  readonly title: string;
  readonly expected: string;
  readonly observed: string;
  readonly passed: boolean;
}

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

type Say = (line: string) => void;

/** Long secrets are shown by their first and last letters. */
const short = (text: string): string =>
  text.replace(/(eyJ|tgr_|tgk_)([\w.-]{4})[\w.-]{12,}([\w-]{4})/g, '$1$2...$3');

/** Each step asks for one thing, shows what came, and compares. */
class Story {
  readonly steps: Step[] = [];
  constructor(
    private readonly issuer: string,
    private readonly say: Say,
  ) {}

  title(title: string): void {
    this.say(`\n${this.steps.length + 1}. ${title}`);
  }

  async http(method: string, path: string, options: { body?: object; bearer?: string } = {}): Promise<Seen> {
    const { body, bearer } = options;
    const response = await fetch(this.issuer + path, {
      method,
      headers: {
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    this.say(
      short(`   > ${method} ${path}${bearer === undefined ? '' : `  Authorization: Bearer ${bearer}`}`),
    );
    if (body)
      this.say(short(`     ${JSON.stringify(body).replace(/"password":"[^"]*"/, '"password":"..."')}`));
    this.say(`   < ${response.status}`);
    const challenge = response.headers.get('www-authenticate');
    if (challenge) this.say(`     WWW-Authenticate: ${challenge}`);
    if (text) this.say(short(`     ${text.length > 600 ? `${text.slice(0, 600)} ...` : text}`));
    return {
      status: response.status,
      headers: response.headers,
      body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  }

  /** Calls a tool with the MCP project's own client. */
  async tool(
    credential: string | undefined,
    name: string,
    args: Record<string, unknown> = {},
  ): Promise<string> {
    const client = new Client({ name: 'toolgate-demo', version: '1.0.0' });
    const headers: Record<string, string> =
      credential === undefined ? {} : { Authorization: `Bearer ${credential}` };
    this.say(
      short(
        `   > MCP tools/call ${name} ${JSON.stringify(args)}${credential === undefined ? '' : `  Authorization: Bearer ${credential}`}`,
      ),
    );
    try {
      await client.connect(
        new StreamableHTTPClientTransport(new URL(`${this.issuer}/mcp`), { requestInit: { headers } }),
      );
      const result = await client.callTool({ name, arguments: args });
      const text = JSON.stringify(result.structuredContent ?? result.content);
      this.say(`   < ${text}`);
      return text;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.say(`   < refused: ${short(text)}`);
      return `refused: ${text}`;
    } finally {
      await client.close();
    }
  }

  check(title: string, expected: string, observed: string, passed: boolean): void {
    this.steps.push({ title, expected, observed: short(observed), passed });
    this.say(`   ${passed ? 'as expected' : `DIFFERENT: expected ${expected}`}`);
  }

  status(title: string, seen: Seen, expected: number, also = true): void {
    this.check(title, String(expected), String(seen.status), seen.status === expected && also);
  }
}

const text = (seen: Seen, name: string): string =>
  typeof seen.body[name] === 'string' ? seen.body[name] : '';
const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };

/** Register, log in, call, be refused, make a key, refresh, be caught reusing, end the session. */
export async function tellStory(issuer: string, say: Say): Promise<Step[]> {
  const story = new Story(issuer, say);
  const person = { email: 'ada@example.com', password: 'correct horse battery staple 42' };

  story.title('Register');
  story.status('register', await story.http('POST', '/auth/register', { body: person }), 201);

  story.title('Log in');
  const login = await story.http('POST', '/auth/login', { body: person });
  story.status('log in', login, 200);
  const token = text(login, 'access_token');

  story.title('Call without a credential: refused, with the way in');
  const bare = await story.http('POST', '/mcp', { body: list });
  story.status(
    'no credential',
    bare,
    401,
    bare.headers.get('www-authenticate')?.includes('resource_metadata=') === true,
  );

  story.title('Call a tool with the access token');
  const written = await story.tool(token, 'notes_write', { title: 'Hello', body: 'from the demo' });
  story.check('tool call by token', 'the note', written, written.includes('"title":"Hello"'));

  story.title('A login that asked for less may do less');
  const reader = await story.http('POST', '/auth/login', { body: { ...person, scope: 'notes:read' } });
  const call = {
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 'notes_write', arguments: { title: 'No', body: '' } },
  };
  const forbidden = await story.http('POST', '/mcp', { body: call, bearer: text(reader, 'access_token') });
  story.status(
    'scope missing',
    forbidden,
    403,
    forbidden.headers.get('www-authenticate')?.includes('insufficient_scope') === true,
  );

  story.title('Make a key for an agent');
  const made = await story.http('POST', '/keys', {
    body: { name: 'demo agent', scopes: ['notes:read'] },
    bearer: token,
  });
  story.status('make a key', made, 201);

  story.title('Call a tool with the key');
  const listed = await story.tool(text(made, 'key'), 'notes_list');
  story.check('tool call by key', 'the notes', listed, listed.includes('"title":"Hello"'));

  story.title('Refresh');
  const first = text(login, 'refresh_token');
  const refreshed = await story.http('POST', '/auth/refresh', { body: { refresh_token: first } });
  story.status('refresh', refreshed, 200, text(refreshed, 'refresh_token') !== first);

  story.title('Use the old refresh token again, after the replay window: the session ends');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const reused = await story.http('POST', '/auth/refresh', { body: { refresh_token: first } });
  story.status('reuse detected', reused, 401, reused.body['code'] === 'reused_refresh_token');

  story.title('Its access tokens ended with it');
  const ended = await story.http('POST', '/mcp', { body: list, bearer: text(refreshed, 'access_token') });
  story.status('session ended', ended, 401);

  story.title('Log in again and revoke the key');
  const again = await story.http('POST', '/auth/login', { body: person });
  const revoked = await story.http('DELETE', `/keys/${text(made, 'id')}`, {
    bearer: text(again, 'access_token'),
  });
  story.status('revoke the key', revoked, 204);

  story.title('The key is refused within a second');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const dead = await story.http('POST', '/mcp', { body: list, bearer: text(made, 'key') });
  story.status('revoked key', dead, 401);

  story.title('Log out');
  story.status(
    'log out',
    await story.http('POST', '/auth/logout', { bearer: text(again, 'access_token') }),
    204,
  );

  story.title('And the token is refused');
  const after = await story.http('POST', '/mcp', { body: list, bearer: text(again, 'access_token') });
  story.status('logged out', after, 401);
  return story.steps;
}
