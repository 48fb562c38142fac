import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { addressAllowed } from '../access/cidr.js';
import { type Credential, credentialOf, requireOneAuthorization } from '../access/credential.js';
import type { Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { Introspection, LivingCredential } from './introspection.js';
import type { LocalToken, LocalTokens } from './local-tokens.js';
import type { GuardedRequest } from './resource-guard.js';

const CAPACITY = 10_000;
/** So long a signature is not verified again; a key that its issuer took away is believed no longer. */
const VERIFIED_MS = 60_000;
const KEY_SHAPE = /^tgk_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/;

/** Turns the credential of a request into a principal: tokens here and at their issuer, keys at their issuer alone. */
export class Credentials {
  private readonly verified = new LRUCache<string, LocalToken>({ max: CAPACITY, ttl: VERIFIED_MS });

  private readonly verifying = new Map<string, Promise<LocalToken>>();

  constructor(
    private readonly tokens: LocalTokens,
    private readonly introspection: Introspection | undefined,
    private readonly resource: string,
  ) {}

  /** @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed`; `unavailable` */
  async authenticate({ headers, rawHeaders = [], address }: GuardedRequest): Promise<Principal> {
    requireOneAuthorization(rawHeaders);
    const credential = credentialOf(headers);
    if (!credential) throw new ToolgateError('missing_credential');
    // Not the credential itself: a heap dump of a tool server should not hand out what others may do.
    const name = createHash('sha256').update(credential.value).digest('base64');
    return credential.kind === 'api_key'
      ? this.apiKey(name, credential, address)
      : this.accessToken(name, credential);
  }

  private async accessToken(name: string, { value }: Credential): Promise<Principal> {
    const token = this.verified.get(name) ?? (await this.verify(name, value));
    if (token.expiresAt <= Date.now()) throw new ToolgateError('expired_token');
    if (!this.introspection) return token.principal;
    const living = await this.introspection.find(name, value);
    if (!living) throw new ToolgateError('revoked_token');
    // Its person may hold less by now than when it was signed.
    return { ...token.principal, scopes: living.scopes };
  }

  /** Many callers with one token at once cost one verification. */
  private verify(name: string, token: string): Promise<LocalToken> {
    const known = this.verifying.get(name);
    if (known) return known;
    const verifying = this.tokens
      .verify(token)
      .then((verified) => {
        this.verified.set(name, verified);
        return verified;
      })
      .finally(() => this.verifying.delete(name));
    this.verifying.set(name, verifying);
    return verifying;
  }

  private async apiKey(name: string, { value }: Credential, address: string): Promise<Principal> {
    if (!this.introspection)
      throw new ToolgateError('invalid_api_key', {
        detail: 'This server takes access tokens alone, and no API keys',
        reason: 'an API key without `introspection` in the options of the guard',
      });
    if (!KEY_SHAPE.test(value)) throw new ToolgateError('invalid_api_key', { reason: 'malformed key' });
    const living = await this.introspection.find(name, value);
    if (living?.keyId === undefined) throw new ToolgateError('invalid_api_key', { reason: 'not active' });
    if (!addressAllowed(living.allowedCidrs, address)) throw new ToolgateError('address_not_allowed');
    return this.keyPrincipal(living, living.keyId);
  }

  private keyPrincipal({ sub, scopes }: LivingCredential, keyId: string): Principal {
    return { kind: 'api_key', userId: sub, keyId, scopes, resource: this.resource };
  }
}
