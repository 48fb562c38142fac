import { createHmac, randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { IDENTITY_SCOPES, type Scope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { randomToken, sha256 } from '../../crypto/digest.js';
import { MasterKey } from '../../crypto/master-key.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { RateLimits } from '../../ops/rate-limits.js';
import { grantableScopes } from '../../resources/resource.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import type { BrowserPerson } from '../../tokens/browser-logins.js';
import { secondsAfter } from '../../tokens/lifetimes.js';
import type { Client } from '../clients/client.js';
import { DeviceCodesRepository, type PendingDevice } from './device-codes.repository.js';

/** RFC 8628 section 6.1: no vowels, so no words; nothing that looks like something else. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

/** RFC 8628 section 3.2. */
export interface DeviceAuthorization {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

/** As a person types it: any case, with or without what separates the halves. */
const plain = (userCode: string): string => userCode.toUpperCase().replace(/[^A-Z]/g, '');

export const grouped = (userCode: string): string =>
  `${plain(userCode).slice(0, LENGTH / 2)}-${plain(userCode).slice(LENGTH / 2)}`;

/** Devices without a browser: they show a code, a person types it elsewhere (RFC 8628). */
@Injectable()
export class DeviceService {
  constructor(
    private readonly codes: DeviceCodesRepository,
    private readonly resources: ResourcesRepository,
    private readonly limits: RateLimits,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws OAuthError `invalid_target` */
  async authorize(
    client: Client,
    asked: { resource: string | undefined; scopes: readonly Scope[] | undefined },
  ): Promise<DeviceAuthorization> {
    const resource = await this.resources.find(asked.resource ?? this.config.resource);
    if (!resource) throw new OAuthError('invalid_target', 'resource is not one that tokens are issued for.');
    const known = (asked.scopes ?? []).filter((scope) => grantableScopes(resource).includes(scope));
    const deviceCode = `tgd_${randomToken()}`;
    const interval = this.config.DEVICE_POLL_INTERVAL;
    for (;;) {
      const userCode = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      const inserted = await this.codes.insert({
        digest: sha256(deviceCode),
        userCodeMac: this.mac(userCode),
        clientId: client.clientId,
        resource: resource.identifier,
        scopes: known.length > 0 ? known : [...resource.defaultScopes],
        interval,
        expiresAt: secondsAfter(this.clock.now(), this.config.DEVICE_CODE_TTL),
      });
      if (!inserted) continue;
      const page = `${this.config.issuer}/device`;
      return {
        device_code: deviceCode,
        user_code: grouped(userCode),
        verification_uri: page,
        verification_uri_complete: `${page}?user_code=${grouped(userCode)}`,
        expires_in: this.config.DEVICE_CODE_TTL,
        interval,
      };
    }
  }

  /**
   * The request behind what a person typed. Wrong codes are counted per person (RFC 8628 section 5.1, attack 25).
   *
   * @throws ToolgateError `rate_limited`
   */
  async find(userCode: string, person: BrowserPerson): Promise<PendingDevice | undefined> {
    const { taken } = await this.limits.consume([{ limit: 'user-code', key: person.userId }]);
    const found = await this.codes.pending(this.mac(plain(userCode)), this.clock.now());
    if (found) await this.limits.refund(taken);
    return found;
  }

  givable(device: PendingDevice, person: BrowserPerson): Scope[] {
    return this.config.scopes.intersect(device.scopes, [...person.scopes, ...IDENTITY_SCOPES]);
  }

  /** False when it was answered before, or has expired. */
  async answer(device: PendingDevice, person: BrowserPerson, ticked: readonly string[]): Promise<boolean> {
    const shown = this.givable(device, person);
    const chosen = shown.filter((scope) => IDENTITY_SCOPES.includes(scope) || ticked.includes(scope));
    const { clientId, resource } = device;
    return this.codes.allow(
      device.digest,
      {
        userId: person.userId,
        sessionId: person.sessionId,
        clientId,
        resource,
        shown,
        chosen,
        redirectUri: null,
      },
      this.clock.now(),
    );
  }

  async deny(device: PendingDevice): Promise<boolean> {
    return this.codes.deny(device.digest);
  }

  private mac(userCode: string): Buffer {
    return createHmac('sha256', this.masterKey.forShortCodes).update(userCode).digest();
  }
}
