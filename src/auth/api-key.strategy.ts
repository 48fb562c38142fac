import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { KeysService } from '../keys/keys.service.js';
import type { Verified } from './verified.js';

/** Keys from `X-API-Key` and from `Authorization: Bearer` alike: the guard hands both over in this one header. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(HeaderAPIKeyStrategy, 'api-key') {
  constructor(
    private readonly keys: KeysService,
    @InjectConfig() private readonly config: Config,
  ) {
    super({ header: 'X-API-Key', prefix: '' }, false);
  }

  /** What Passport calls: for the service itself. */
  async validate(presented: string): Promise<Verified> {
    return this.verifyFor(presented, this.config.resource);
  }

  /** @throws ToolgateError `invalid_api_key`, `expired_api_key` */
  async verifyFor(presented: string, resource: string): Promise<Verified> {
    return this.keys.verify(presented, resource);
  }
}
