import { ToolgateError } from '../errors/toolgate-error.js';
import type { ApplicationForPerson } from '../keys/key-rights.js';
import type { KeyRecord } from '../keys/keys.repository.js';
import { type CreateKey, type FreshKey, KeysService } from '../keys/keys.service.js';
import { UsersService } from '../users/users.service.js';
import type { MountedService } from './mounted-service.js';

/** API keys of people, for the application around the service. No key holds more than its owner. */
export class ToolgateKeys {
  private readonly keys: KeysService;
  private readonly users: UsersService;
  private readonly resource: string;

  constructor({ app, config }: MountedService) {
    this.keys = app.get(KeysService);
    this.users = app.get(UsersService);
    this.resource = config.resource;
  }

  /** `key`, the secret, is in this answer alone. @throws ToolgateError `not_found`, `invalid_scope`, `insufficient_scope`, `invalid_input` */
  async issue(userId: string, key: CreateKey): Promise<FreshKey> {
    return this.keys.create(await this.inNameOf(userId), key);
  }

  async list(userId: string): Promise<KeyRecord[]> {
    return this.keys.list(await this.inNameOf(userId));
  }

  /** @throws ToolgateError `not_found` */
  async revoke(userId: string, keyId: string): Promise<void> {
    await this.keys.revoke(await this.inNameOf(userId), keyId);
  }

  private async inNameOf(userId: string): Promise<ApplicationForPerson> {
    const account = await this.users.find(userId);
    if (!account || account.disabledAt) throw new ToolgateError('not_found');
    return { kind: 'application', userId, resource: this.resource, scopes: account.scopes };
  }
}
