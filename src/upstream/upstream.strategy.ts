import OAuth2Strategy from 'passport-oauth2';
import type { UpstreamProvider } from '../config/upstream-providers.js';
import type { UpstreamPerson } from '../users/upstream-identities.repository.js';
import type { Endpoints } from './discovery.js';
import { exchange } from './exchange.js';
import type { ProviderTokens } from './identify.js';
import type { Attempt } from './upstream-logins.repository.js';

/** What passport-oauth2 is shown instead of Fastify's request: what it reads, and what was decided before it is asked. */
export type StrategyRequest =
  | { readonly query: object; begin(verifier: string): Promise<string> }
  | { readonly query: { readonly code: string }; readonly attempt: Attempt };

export interface BeginOptions {
  readonly nonce?: string;
  readonly prompt?: string | undefined;
}

type Done = (error: unknown, ...rest: unknown[]) => void;

/** The callback's state was checked and used up before the strategy was asked, so that errors use it up too. */
const stateStore = {
  store(request: StrategyRequest, verifier: string, _state: unknown, _meta: unknown, done: Done): void {
    if (!('begin' in request)) throw new Error('a strategy was asked to begin what is under way');
    request.begin(verifier).then((state) => {
      done(null, state);
    }, done);
  },
  verify(request: StrategyRequest, _state: unknown, _meta: unknown, done: Done): void {
    if (!('attempt' in request)) throw new Error('a strategy was asked to finish what never began');
    done(null, request.attempt.verifier);
  },
};

/** passport-oauth2 with PKCE, a nonce, our own state, and a token request that ends in time. */
export class UpstreamStrategy extends OAuth2Strategy {
  constructor(
    readonly provider: UpstreamProvider,
    readonly endpoints: Endpoints,
    callbackURL: string,
    identify: (tokens: ProviderTokens, attempt: Attempt) => Promise<UpstreamPerson>,
  ) {
    super(
      {
        authorizationURL: endpoints.authorizationUrl,
        tokenURL: endpoints.tokenUrl,
        clientID: provider.clientId,
        clientSecret: provider.clientSecret,
        callbackURL,
        scope: [...provider.scopes],
        pkce: true,
        // Its type knows no store that is told the verifier.
        store: stateStore as never,
        skipUserProfile: true,
        passReqToCallback: true,
      },
      (
        request: unknown,
        accessToken: string,
        _refreshToken: string | undefined,
        { id_token: idToken }: { id_token?: unknown },
        _profile: unknown,
        done: OAuth2Strategy.VerifyCallback,
      ) => {
        identify({ accessToken, idToken }, (request as { attempt: Attempt }).attempt).then((person) => {
          done(null, person);
        }, done);
      },
    );
    // The `oauth` package's own request has no time limit, and it knows no client_secret_basic.
    this._oauth2.getOAuthAccessToken = ((
      code: string,
      parameters: Record<string, string>,
      done: Done,
    ): void => {
      exchange(provider, endpoints, { ...parameters, code }).then((tokens) => {
        done(null, tokens.access_token, undefined, tokens);
      }, done);
    }) as never;
  }

  override authorizationParams({ nonce, prompt }: BeginOptions): object {
    return { ...(this.endpoints.oidc && { nonce }), ...(prompt !== undefined && { prompt }) };
  }
}
