import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { KeysService } from '../keys/keys.service.js';
import type { Verified } from './verified.js';

/** Keys from `X-API-Key` and from `Authorization: Bearer` alike: the guard hands both over in this one header. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(HeaderAPIKeyStrategy, 'api-key') {
  constructor(private readonly keys: KeysService) {
    super({ header: 'X-API-Key', prefix: '' }, false);
  }

  /** @throws ToolgateError `invalid_api_key`, `expired_api_key` */
  async validate(presented: string): Promise<Verified> {
    return this.keys.verify(presented);
  }
}
