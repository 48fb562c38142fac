import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { randomToken, sameDigest, sha256 } from '../crypto/digest.js';
import { MasterKey } from '../crypto/master-key.js';
import { PageError } from '../errors/oauth-error.js';
import { BrowserLogins, type BrowserPerson, type SignIn } from '../tokens/browser-logins.js';

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The two cookies of the pages: which browser this is (before anyone signs in: requests and forms are bound to it), and who
 * is signed in. Over https their names begin with `__Host-`, so that no neighbouring host can set them.
 */
@Injectable()
export class BrowserCookies {
  private readonly secure: boolean;
  private readonly browserName: string;
  private readonly loginName: string;

  constructor(
    private readonly logins: BrowserLogins,
    private readonly masterKey: MasterKey,
    @InjectConfig() config: Config,
  ) {
    this.secure = config.issuer.startsWith('https:');
    const prefix = this.secure ? '__Host-' : '';
    this.browserName = `${prefix}toolgate-browser`;
    this.loginName = `${prefix}toolgate-login`;
  }

  /** The digest that names this browser; a browser without the cookie gets one. */
  browser(request: FastifyRequest, reply: FastifyReply): string {
    const known = this.knownBrowser(request);
    if (known !== undefined) return known;
    const fresh = randomToken();
    this.set(reply, this.browserName, fresh);
    return sha256(fresh).toString('base64url');
  }

  knownBrowser(request: FastifyRequest): string | undefined {
    const cookie = this.read(request, this.browserName);
    return cookie === undefined ? undefined : sha256(cookie).toString('base64url');
  }

  /** The value a form must bring back: nobody without this browser's cookie can make it; with a person, nobody else. */
  formToken(browser: string, person?: BrowserPerson): string {
    const text = person ? `${browser} ${person.sessionId}` : browser;
    return createHmac('sha256', this.masterKey.forForms).update(text).digest('base64url');
  }

  /** @throws PageError when the form was not made for this browser (attacks 10 and 11) */
  requireForm(request: FastifyRequest, token: unknown, person?: BrowserPerson): string {
    const browser = this.knownBrowser(request);
    const { origin } = request.headers;
    const foreign = request.headers['sec-fetch-site'] === 'cross-site' || origin === 'null';
    const same =
      browser !== undefined &&
      typeof token === 'string' &&
      sameDigest(sha256(token), sha256(this.formToken(browser, person)));
    if (same && !foreign) return browser;
    throw new PageError(
      'foreign_form',
      {
        title: 'This form was not opened in this browser',
        what: 'What you sent could have been made by another site, so nothing was done.',
        mend: ['Allow cookies for this site, go back to the app, and begin again from there.'],
      },
      403,
    );
  }

  async person(request: FastifyRequest): Promise<BrowserPerson | undefined> {
    const cookie = this.read(request, this.loginName);
    return cookie === undefined ? undefined : this.logins.find(cookie);
  }

  async signIn(request: FastifyRequest, reply: FastifyReply, who: SignIn): Promise<void> {
    const before = this.read(request, this.loginName);
    if (before !== undefined) await this.logins.end(before);
    const from = { address: request.ip, userAgent: request.headers['user-agent'] };
    this.set(reply, this.loginName, await this.logins.open(who, from));
  }

  async signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const cookie = this.read(request, this.loginName);
    if (cookie !== undefined) await this.logins.end(cookie);
    void reply.clearCookie(this.loginName, {
      path: '/',
      secure: this.secure,
      httpOnly: true,
      sameSite: 'lax',
    });
  }

  private read(request: FastifyRequest, name: string): string | undefined {
    const value = request.cookies[name];
    return value !== undefined && TOKEN.test(value) ? value : undefined;
  }

  /** Gone with the browser's session; the login also ends on the server's side. */
  private set(reply: FastifyReply, name: string, value: string): void {
    void reply.setCookie(name, value, { path: '/', secure: this.secure, httpOnly: true, sameSite: 'lax' });
  }
}
