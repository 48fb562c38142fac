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
import { type Consent, GrantsRepository, type NewCode } from './grants.repository.js';

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
    if (!person || this.mustSignIn(request, person)) {
      if (silent) throw this.refusal(request, 'login_required', 'The person is not signed in.');
      return { step: 'sign_in' };
    }
    const scopes = this.shownTo(request, person);
    const grant = await this.grants.find(person.userId, request.clientId, request.resource);
    if (!grant || needsConsent(request, scopes, grant, this.config.scopes)) {
      if (silent) throw this.refusal(request, 'consent_required', 'The person must be asked.');
      return { step: 'consent', scopes };
    }
    const [consent, code] = this.prepare(request, person, scopes, scopes);
    if (await this.grants.issueCodeAgain(grant, consent, request, code.stored))
      return { step: 'redirect', location: code.location };
    const current = await this.grants.find(person.userId, request.clientId, request.resource);
    if (current?.id === grant.id && current.updatedAt.getTime() === grant.updatedAt.getTime())
      throw alreadyAnswered();
    // The grant was changed or taken back meanwhile.
    return this.next(request, person);
  }

  /** Whether this person must prove who they are before they are asked. */
  mustSignIn(request: AuthorizationRequest, person: BrowserPerson): boolean {
    return needsSignIn(request, person.signedInAt, this.clock.now());
  }

  /**
   * The person said yes, to `ticked` of what was shown. Identity scopes are not ticked one by one.
   *
   * @returns where to send the browser.
   * @throws PageError when the request was answered before; RedirectableError `access_denied`
   */
  async allow(
    request: AuthorizationRequest,
    person: BrowserPerson,
    ticked: readonly string[],
  ): Promise<string> {
    const shown = this.shownTo(request, person);
    const chosen = shown.filter((scope) => IDENTITY_SCOPES.includes(scope) || ticked.includes(scope));
    const access = shown.filter((scope) => !IDENTITY_SCOPES.includes(scope));
    if (access.length > 0 && !access.some((scope) => chosen.includes(scope))) return this.deny(request);
    const [consent, code] = this.prepare(request, person, shown, chosen);
    if (await this.grants.issueCode(consent, request, code.stored, this.clock.now())) return code.location;
    throw alreadyAnswered();
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

  /** What of a request is this person's to give. @throws RedirectableError `access_denied` when it asks for access and none of it is */
  private shownTo(request: AuthorizationRequest, person: BrowserPerson): Scope[] {
    const scopes = givable(request, person.scopes, this.config.scopes);
    const asksAccess = request.scopes.some((scope) => !IDENTITY_SCOPES.includes(scope));
    if (asksAccess && scopes.every((scope) => IDENTITY_SCOPES.includes(scope)))
      throw this.refusal(request, 'access_denied', 'The person holds none of the scopes asked for.');
    return scopes;
  }

  /** A consent and a code for it, neither of them stored. */
  private prepare(
    { clientId, resource, redirect }: AuthorizationRequest,
    { userId, sessionId, signedInAt }: BrowserPerson,
    shown: readonly Scope[],
    chosen: readonly Scope[],
  ): [Consent, { stored: NewCode; location: string }] {
    const code = `tgo_${randomToken()}`;
    const expiresAt = secondsAfter(this.clock.now(), this.config.AUTHORIZATION_CODE_TTL);
    return [
      { userId, sessionId, clientId, resource, shown, chosen, redirectUri: redirect.uri },
      {
        stored: { digest: sha256(code), signedInAt, expiresAt },
        location: codeLocation(redirect, this.config.issuer, code),
      },
    ];
  }
}

const alreadyAnswered = () =>
  new PageError('already_answered', {
    title: 'This was answered already',
    what: 'The app got its answer the first time; a second one would be of no use to it.',
    mend: ['Go back to the app. If it is not connected, connect again from there.'],
  });
