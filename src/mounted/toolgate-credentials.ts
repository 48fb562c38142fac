import { looksLikeApiKey } from '../access/credential.js';
import type { Principal } from '../access/principal.js';
import type { Scope } from '../access/scopes.js';
import { ResourceAuthentication } from '../auth/resource-authentication.js';
import type { Config } from '../config/config.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { SessionsService } from '../tokens/sessions.service.js';
import type { MountedService } from './mounted-service.js';

/** Who a credential is, for what of the application is no HTTP route: a socket, a queue, a job. */
export class ToolgateCredentials {
  private readonly authentication: ResourceAuthentication;
  private readonly sessions: SessionsService;
  private readonly config: Config;

  constructor({ app, config }: MountedService) {
    this.authentication = app.get(ResourceAuthentication);
    this.sessions = app.get(SessionsService);
    this.config = config;
  }

  /**
   * The principal of an access token or API key for this service's resource. `address` is where it came from: a key that is
   * bound to networks is refused without.
   *
   * @throws ToolgateError a 401 that says what is wrong; `insufficient_scope`, `address_not_allowed`, `unavailable`
   */
  async verify(
    credential: string,
    { address = '', scopes = [] }: { address?: string; scopes?: readonly Scope[] } = {},
  ): Promise<Principal> {
    const kind = looksLikeApiKey(credential) ? 'api_key' : 'access_token';
    const presented = { kind, value: credential } as const;
    const principal = await this.authentication.admit(this.config.resource, presented, { ip: address });
    if (this.config.scopes.missing(principal.scopes, scopes).length > 0)
      throw new ToolgateError('insufficient_scope', { scopes });
    return principal;
  }

  /** Ends a session with all that was issued from it. True when this call ended it. */
  async endSession(sessionId: string): Promise<boolean> {
    return (await this.sessions.end(sessionId, null, 'ended_by_user')) !== undefined;
  }
}
