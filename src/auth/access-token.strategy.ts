import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { Revocations } from '../tokens/revocations.js';
import type { Verified } from './verified.js';

const fromBearer = ExtractJwt.fromAuthHeaderAsBearerToken();

/**
 * passport-jwt with jose as its verifier: jsonwebtoken, which it would use, knows no EdDSA and does not check `typ`,
 * and a second verifier beside the one in tokens/ would be a second set of rules (docs/adr/0003).
 */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly revocations: Revocations,
    @InjectConfig() private readonly config: Config,
  ) {
    super({
      jwtFromRequest: fromBearer,
      secretOrKeyProvider: (_request: unknown, _token: unknown, done: (error: Error) => void) => {
        done(new Error('keys are chosen in tokens/key-ring.ts'));
      },
    });
  }

  override authenticate(request: Parameters<typeof fromBearer>[0]): void {
    const token = fromBearer(request) ?? '';
    this.validate(token).then(
      (verified) => {
        this.success(verified);
      },
      (error: unknown) => {
        this.error(error as Error);
      },
    );
  }

  /** What Passport calls: for the service itself. */
  async validate(token: string): Promise<Verified> {
    return this.verifyFor(token, this.config.resource);
  }

  /** @throws ToolgateError `invalid_token`, `expired_token`, `revoked_token` */
  async verifyFor(token: string, resource: string): Promise<Verified> {
    const { principal, issuedAt, expiresAt } = await this.tokens.verify(token, resource);
    if (this.revocations.hasEnded(principal, issuedAt)) throw new ToolgateError('revoked_token');
    return { principal: this.revocations.cut(principal), expiresAt, allowedCidrs: [] };
  }
}
