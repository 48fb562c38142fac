import { Injectable } from '@nestjs/common';
import { intersectScopes, parseScope, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { RateLimits } from '../ops/rate-limits.js';
import { SessionsService, type TokenResponse } from '../tokens/sessions.service.js';
import { UsersService } from '../users/users.service.js';

/** RFC 9068 wants a client_id in every token; a login over REST is our own client's. */
const FIRST_PARTY_CLIENT = 'toolgate';

/** What a login gets: all the user may hold, or what was asked for of it. Unknown scopes are dropped (RFC 6749 section 3.3). */
function grantedScopes(asked: string | undefined, held: readonly Scope[]): Scope[] {
  const requested = parseScope(asked ?? '');
  if (!requested)
    throw new ToolgateError('invalid_scope', { detail: 'A scope has a character that is not allowed.' });
  if (requested.length === 0) return [...held];
  const granted = intersectScopes(requested, held).filter((scope) => requested.includes(scope));
  if (granted.length === 0)
    throw new ToolgateError('invalid_scope', { detail: 'None of these scopes can be granted to this user.' });
  return granted;
}

@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly limits: RateLimits,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ToolgateError `invalid_login`, `rate_limited`, `invalid_scope`, `unavailable` */
  async login(
    request: { email: string; password: string; scope?: string | undefined },
    from: { address: string; userAgent: string | undefined },
  ): Promise<{ tokens: TokenResponse; headers: Record<string, string> }> {
    // Counted before the password is looked at, so that parallel guesses cannot slip past; given back on success.
    const counted = [
      { limit: 'login-account', key: request.email },
      { limit: 'login-address', key: from.address },
    ] as const;
    const { headers } = await this.limits.consume([...counted]);
    const user = await this.users.authenticate(request.email, request.password);
    await this.limits.refund([...counted]);
    const tokens = await this.sessions.open({
      ...from,
      userId: user.id,
      clientId: FIRST_PARTY_CLIENT,
      resource: this.config.resource,
      scopes: grantedScopes(request.scope, user.scopes),
    });
    return { tokens, headers };
  }
}
