import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type ApiKeyPrincipal, personOf, type Principal } from '../access/principal.js';
import type { ScopeRules } from '../access/scope-rules.js';
import { type Scope, SERVICE_SCOPES } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { sameDigest, sha256 } from '../crypto/digest.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { keyIdOf, mintKey } from './key-format.js';
import { KeyUsage } from './key-usage.js';
import { type KeyRecord, KeysRepository, type KeyWithOwner } from './keys.repository.js';

export interface CreateKey {
  readonly name: string;
  readonly scopes?: readonly Scope[] | undefined;
  /** Seconds. */
  readonly expiresIn?: number | undefined;
  readonly allowedCidrs?: readonly string[] | undefined;
}

/** A key with its secret, which nobody can be shown a second time. */
export type FreshKey = KeyRecord & { readonly key: string };

export interface VerifiedKey {
  readonly principal: ApiKeyPrincipal;
  readonly allowedCidrs: readonly string[];
  readonly expiresAt: Date | undefined;
}

/** A key never holds more than the credential that makes it, and what rules the service only by name. */
function scopesFor(caller: Principal, asked: readonly Scope[] | undefined, rules: ScopeRules): Scope[] {
  if (asked === undefined) return caller.scopes.filter((scope) => !SERVICE_SCOPES.includes(scope));
  const unknown = asked.filter((scope) => !rules.knows(scope));
  if (unknown.length > 0)
    throw new ToolgateError('invalid_scope', {
      detail: `Unknown: ${unknown.map((scope) => JSON.stringify(scope)).join(', ')}.`,
    });
  if (rules.missing(caller.scopes, asked).length > 0) {
    throw new ToolgateError('insufficient_scope', {
      detail: 'A key cannot hold more than the credential that makes it.',
      scopes: [...new Set(['keys:write', ...asked])],
    });
  }
  return [...new Set(asked)];
}

const earlier = (a: Date | null, b: Date | null): Date | undefined =>
  (a && b ? (a < b ? a : b) : (a ?? b)) ?? undefined;

@Injectable()
export class KeysService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly usage: KeyUsage,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ToolgateError `invalid_scope`, `insufficient_scope` */
  async create(caller: Principal, request: CreateKey): Promise<FreshKey> {
    const scopes = scopesFor(caller, request.scopes, this.config.scopes);
    const now = this.clock.now();
    const id = uuidv7();
    const key = mintKey(id);
    const maker = caller.kind === 'api_key' ? await this.boundsOf(caller.keyId) : undefined;
    if (maker?.cidrs.length && request.allowedCidrs?.length)
      throw new ToolgateError('not_allowed', {
        detail: 'A key made by a key is bound to its networks; leave allowed_cidrs out.',
      });
    const asked = request.expiresIn === undefined ? null : new Date(now.getTime() + request.expiresIn * 1000);
    const record = await this.keys.insert({
      id,
      userId: personOf(caller),
      name: request.name,
      digest: sha256(key),
      resource: this.config.resource,
      scopes,
      allowedCidrs: maker?.cidrs.length ? maker.cidrs : (request.allowedCidrs ?? []),
      createdAt: now,
      expiresAt: earlier(asked, maker?.expiresAt ?? null) ?? null,
    });
    return { ...record, key };
  }

  async list(caller: Principal): Promise<KeyRecord[]> {
    return this.keys.list(personOf(caller));
  }

  /** @throws ToolgateError `not_found` */
  async revoke(caller: Principal, id: string): Promise<void> {
    if (!(await this.keys.revoke(id, personOf(caller), this.clock.now())))
      throw new ToolgateError('not_found');
  }

  /** `overlap` in seconds. @throws ToolgateError `not_found`, `insufficient_scope` */
  async rotate(caller: Principal, id: string, overlap: number): Promise<FreshKey> {
    const now = this.clock.now();
    const key = mintKey(id);
    const previousUntil = overlap > 0 ? new Date(now.getTime() + overlap * 1000) : null;
    await this.requireCovered(caller, id);
    const record = await this.keys.rotate(id, personOf(caller), sha256(key), previousUntil, now);
    if (!record) throw new ToolgateError('not_found');
    return { ...record, key };
  }

  /** A key that shows another's secret would be that other key: it must reach as far and be bound no tighter. */
  private async requireCovered(caller: Principal, id: string): Promise<void> {
    const target = await this.keys.find(id);
    if (target?.userId !== personOf(caller)) throw new ToolgateError('not_found');
    if (this.config.scopes.missing(caller.scopes, target.scopes).length > 0)
      throw new ToolgateError('insufficient_scope', { scopes: target.scopes });
    if (caller.kind === 'api_key' && caller.keyId !== id && (await this.boundsOf(caller.keyId)).bound)
      throw new ToolgateError('not_allowed', {
        detail: 'A key with an expiry or networks of its own can rotate only itself.',
      });
  }

  /** What binds a key, and so the keys that it makes. */
  private async boundsOf(
    keyId: string,
  ): Promise<{ expiresAt: Date | null; cidrs: string[]; bound: boolean }> {
    const maker = await this.keys.find(keyId);
    const [expiresAt, cidrs] = [maker?.expiresAt ?? null, maker?.allowedCidrs ?? []];
    return { expiresAt, cidrs, bound: expiresAt !== null || cidrs.length > 0 };
  }

  /** Notes that a key was just used: called for every request, also where the cache spared the verification. */
  recordUse(keyId: string): void {
    this.usage.record(keyId, this.clock.now());
  }

  /** @throws ToolgateError `invalid_api_key`, `expired_api_key` */
  async verify(presented: string): Promise<VerifiedKey> {
    const id = keyIdOf(presented);
    if (id === undefined)
      throw new ToolgateError('invalid_api_key', { reason: 'malformed, or its checksum is wrong' });
    const found = await this.keys.find(id);
    if (!found) throw new ToolgateError('invalid_api_key', { reason: 'unknown' });
    const now = this.clock.now();
    const expiresAt = this.endOf(found, sha256(presented));
    if (found.revokedAt) throw new ToolgateError('invalid_api_key', { reason: 'revoked' });
    if (found.ownerDisabledAt)
      throw new ToolgateError('invalid_api_key', { reason: 'its owner is disabled' });
    if (expiresAt && expiresAt <= now) throw new ToolgateError('expired_api_key');
    const { userId, resource } = found;
    const scopes = this.config.scopes.intersect(found.scopes, found.ownerScopes);
    return {
      principal: { kind: 'api_key', userId, keyId: id, resource, scopes },
      allowedCidrs: found.allowedCidrs,
      expiresAt,
    };
  }

  /** When this secret ends: the key's expiry, or for the one before a rotation the end of its overlap if that is sooner. */
  private endOf(found: KeyWithOwner, digest: Buffer): Date | undefined {
    if (sameDigest(found.digest, digest)) return found.expiresAt ?? undefined;
    if (found.previousDigest && sameDigest(found.previousDigest, digest))
      return earlier(found.previousExpiresAt, found.expiresAt);
    throw new ToolgateError('invalid_api_key', { reason: 'wrong secret' });
  }
}
