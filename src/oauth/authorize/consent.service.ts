import { Injectable } from '@nestjs/common';
import { IDENTITY_SCOPES, type Scope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { randomToken, sha256 } from '../../crypto/digest.js';
import { OAuthError, PageError } from '../../errors/oauth-error.js';
import type { BrowserPerson } from '../../tokens/browser-logins.js';
import { secondsAfter } from '../../tokens/lifetimes.js';
import type { AuthorizationRequest } from './authorization-request.js';
import { codeLocation, RedirectableError } from './authorization-response.js';
import { givable, needsConsent, needsSignIn } from './decision.js';
import { GrantsRepository } from './grants.repository.js';

/** What comes next for a request: the person signs in, is asked, or is sent back to the client. */
export type Next =
  | { readonly step: 'sign_in' }
  | { readonly step: 'consent'; readonly scopes: readonly Scope[] }
  | { readonly step: 'redirect'; readonly location: string };

/** Decides what a request still needs, and turns a person's yes into a code. */
@Injectable()
export class ConsentService {
  constructor(
    private readonly grants: GrantsRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws RedirectableError `login_required` and `consent_required` for prompt=none, `access_denied` */
  async next(request: AuthorizationRequest, person: BrowserPerson | undefined): Promise<Next> {
    const silent = request.prompt.includes('none');
    if (!person || needsSignIn(request, person.signedInAt, this.clock.now())) {
      if (silent) throw this.refusal(request, 'login_required', 'The person is not signed in.');
      return { step: 'sign_in' };
    }
    const scopes = givable(request, person.scopes, this.config.scopes);
    // Asked for access, and none of it is this person's to give.
    const asksAccess = request.scopes.some((scope) => !IDENTITY_SCOPES.includes(scope));
    if (asksAccess && scopes.every((scope) => IDENTITY_SCOPES.includes(scope)))
      throw this.refusal(request, 'access_denied', 'The person holds none of the scopes asked for.');
    const grant = await this.grants.find(person.userId, request.clientId, request.resource);
    if (needsConsent(request, scopes, grant, this.config.scopes)) {
      if (silent) throw this.refusal(request, 'consent_required', 'The person must be asked.');
      return { step: 'consent', scopes };
    }
    return { step: 'redirect', location: await this.issue(request, person, scopes, scopes) };
  }

  /**
   * The person said yes, to `ticked` of what was shown. Identity scopes are not ticked one by one.
   *
   * @returns where to send the browser.
   * @throws PageError when the request was answered before.
   */
  async allow(
    request: AuthorizationRequest,
    person: BrowserPerson,
    ticked: readonly string[],
  ): Promise<string> {
    const shown = givable(request, person.scopes, this.config.scopes);
    const chosen = shown.filter((scope) => IDENTITY_SCOPES.includes(scope) || ticked.includes(scope));
    const access = shown.filter((scope) => !IDENTITY_SCOPES.includes(scope));
    if (access.length > 0 && !access.some((scope) => chosen.includes(scope))) return this.deny(request);
    return this.issue(request, person, shown, chosen);
  }

  /** Where to send the browser when the person said no. */
  deny(request: AuthorizationRequest): never {
    throw this.refusal(request, 'access_denied', 'The person did not allow it.');
  }

  private refusal(
    { redirect }: AuthorizationRequest,
    error: 'login_required' | 'consent_required' | 'access_denied',
    description: string,
  ): RedirectableError {
    return new RedirectableError(redirect, new OAuthError(error, description));
  }

  private async issue(
    request: AuthorizationRequest,
    person: BrowserPerson,
    shown: readonly Scope[],
    chosen: readonly Scope[],
  ): Promise<string> {
    const now = this.clock.now();
    const code = `tgo_${randomToken()}`;
    const { clientId, resource, redirect } = request;
    const issued = await this.grants.issueCode(
      {
        userId: person.userId,
        sessionId: person.sessionId,
        clientId,
        resource,
        shown,
        chosen,
        redirectUri: redirect.uri,
      },
      request,
      {
        digest: sha256(code),
        signedInAt: person.signedInAt,
        expiresAt: secondsAfter(now, this.config.AUTHORIZATION_CODE_TTL),
      },
      now,
    );
    if (issued) return codeLocation(redirect, this.config.issuer, code);
    throw new PageError('already_answered', {
      title: 'This was answered already',
      what: 'The app got its answer the first time; a second one would be of no use to it.',
      mend: ['Go back to the app. If it is not connected, connect again from there.'],
    });
  }
}
