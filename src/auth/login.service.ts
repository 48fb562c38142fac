import { Injectable } from '@nestjs/common';
import type { ScopeRules } from '../access/scope-rules.js';
import { parseScope, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { AuditSubject } from '../ops/audit/audit-event.js';
import { FIRST_PARTY_CLIENT, SessionsService } from '../tokens/sessions.service.js';
import type { TokenPair } from '../tokens/token-responses.js';
import { PasswordCheck } from './password-check.js';

/** What a login gets: all the user may hold, or what was asked for of it. Unknown scopes are dropped (RFC 6749 section 3.3). */
function grantedScopes(asked: string | undefined, held: readonly Scope[], rules: ScopeRules): Scope[] {
  const requested = parseScope(asked ?? '');
  if (!requested)
    throw new ToolgateError('invalid_scope', { detail: 'A scope has a character that is not allowed.' });
  if (requested.length === 0) return [...held];
  const granted = rules.intersect(requested, held).filter((scope) => requested.includes(scope));
  if (granted.length === 0)
    throw new ToolgateError('invalid_scope', { detail: 'None of these scopes can be granted to this user.' });
  return granted;
}

@Injectable()
export class LoginService {
  constructor(
    private readonly passwords: PasswordCheck,
    private readonly sessions: SessionsService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ToolgateError `invalid_login`, `rate_limited`, `invalid_scope`, `unavailable` */
  async login(
    request: { email: string; password: string; scope?: string | undefined },
    from: { address: string; userAgent: string | undefined },
  ): Promise<{ tokens: TokenPair; headers: Record<string, string>; subject: AuditSubject }> {
    const { user, headers } = await this.passwords.check(request.email, request.password, from.address);
    const { tokens, sessionId } = await this.sessions.open({
      ...from,
      userId: user.id,
      proof: { password: true },
      resource: this.config.resource,
      scopes: grantedScopes(request.scope, user.scopes, this.config.scopes),
    });
    return { tokens, headers, subject: { userId: user.id, sessionId, clientId: FIRST_PARTY_CLIENT } };
  }
}
