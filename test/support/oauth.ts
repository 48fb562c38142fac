import { createHash, randomBytes } from 'node:crypto';
import { rememberSecret } from './credentials.js';
import { PASSWORD, type Person, type TestService } from './harness.js';

/** A person's browser without JavaScript: cookies, links and forms. */
export class Browser {
  private readonly cookies = new Map<string, string>();
  constructor(private readonly origin: string) {}

  async request(
    method: 'GET' | 'POST',
    url: string,
    form?: Record<string, string | string[]>,
  ): Promise<Visit> {
    const target = new URL(url, this.origin);
    const body = new URLSearchParams(
      Object.entries(form ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, one])),
    );
    const response = await fetch(target, {
      method,
      redirect: 'manual',
      headers: { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(method === 'POST' ? { body } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
      if (value !== '') rememberSecret(value);
    }
    const location = response.headers.get('location');
    return {
      status: response.status,
      headers: response.headers,
      location,
      text: await response.text(),
      url: target.href,
    };
  }

  /** Follows redirects within the service; stops at a page or where it would leave. */
  async go(url: string): Promise<Visit> {
    return this.follow(await this.request('GET', url));
  }

  async submit(page: Visit, fields: Record<string, string | string[]>): Promise<Visit> {
    const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const hidden = Object.fromEntries(
      [...page.text.matchAll(/<input\b[^>]*>/g)]
        .map(([tag]) => tag)
        .filter((tag) => tag.includes('type="hidden"'))
        .map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]),
    );
    return this.follow(await this.request('POST', action, { ...hidden, ...fields }));
  }

  private async follow(visit: Visit): Promise<Visit> {
    let current = visit;
    while (current.location !== null && new URL(current.location, this.origin).origin === this.origin)
      current = await this.request('GET', current.location);
    return current;
  }
}

export interface Visit {
  readonly status: number;
  readonly headers: Headers;
  /** Where it leads out of the service. */
  readonly location: string | null;
  readonly text: string;
  readonly url: string;
}

const attribute = (tag: string, name: string): string =>
  (new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '').replaceAll('&amp;', '&').replaceAll('&quot;', '"');

export const tickable = (page: Visit): string[] =>
  [...page.text.matchAll(/<input\b[^>]*type="checkbox"[^>]*>/g)].map(([tag]) => attribute(tag, 'value'));

export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

export function pkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export const REDIRECT = 'https://client.example/callback';

/** One service seen by an OAuth client and a person. */
export class OauthDriver {
  constructor(readonly service: TestService) {}

  async register(metadata: Record<string, unknown> = {}) {
    const answer = await this.service.call('POST', '/oauth/register', {
      body: {
        client_name: 'Test client',
        redirect_uris: [REDIRECT],
        token_endpoint_auth_method: 'none',
        ...metadata,
      },
    });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body as { client_id: string; client_secret?: string; registration_access_token: string };
  }

  authorizeUrl(clientId: string, challenge: string, more: Record<string, string> = {}): string {
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state: 'st/a=te==',
      ...more,
    };
    const query = Object.entries(parameters).filter(([, value]) => value !== '');
    return `${this.service.url}/oauth/authorize?${new URLSearchParams(query).toString()}`;
  }

  /** A browser in which this person is signed in. */
  async signedIn(person: Person): Promise<Browser> {
    const browser = new Browser(this.service.url);
    await browser.submit(await browser.go('/login'), { email: person.email, password: PASSWORD });
    return browser;
  }

  /** Through consent to the code; `ticked` undefined leaves everything ticked. */
  async code(browser: Browser, url: string, ticked?: string[]): Promise<URLSearchParams> {
    let visit = await browser.go(url);
    if (visit.location === null && visit.text.includes('action="/consent"')) {
      visit = await browser.submit(visit, { decision: 'allow', scope: ticked ?? tickable(visit) });
    }
    if (visit.location === null) throw new Error(`${visit.status} ${visit.text.slice(0, 2000)}`);
    const answer = new URL(visit.location).searchParams;
    const code = answer.get('code');
    if (code !== null) rememberSecret(code);
    return answer;
  }

  async token(form: Record<string, string>, headers: Record<string, string> = {}) {
    return this.service.call('POST', '/oauth/token', {
      body: new URLSearchParams(form).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  /** A whole first connect. */
  async connect(person: Person, options: { scope?: string; clientId?: string; resource?: string } = {}) {
    const clientId = options.clientId ?? (await this.register()).client_id;
    const { verifier, challenge } = pkce();
    const browser = await this.signedIn(person);
    const more = {
      ...(options.scope === undefined ? {} : { scope: options.scope }),
      ...(options.resource === undefined ? {} : { resource: options.resource }),
    };
    const code = (await this.code(browser, this.authorizeUrl(clientId, challenge, more))).get('code') ?? '';
    const redemption = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      client_id: clientId,
      redirect_uri: REDIRECT,
    };
    const answer = await this.token(redemption);
    return { clientId, browser, redemption, answer };
  }
}
