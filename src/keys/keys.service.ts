import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../crypto/uuid.js';
import type { ApiKeyPrincipal } from '../access/principal.js';
import type { Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { sameDigest, sha256 } from '../crypto/digest.js';
import { invalidInput } from '../errors/invalid-input.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { canonicalResource, type Resource } from '../resources/resource.js';
import { ResourcesRepository } from '../resources/resources.repository.js';
import { keyIdOf, mintKey } from './key-format.js';
import { type KeyCaller, keyOwnerOf, requireMayMakeFor, scopesFor } from './key-rights.js';
import { KeyUsage } from './key-usage.js';
import { type KeyRecord, KeysRepository, type KeyWithOwner, type Maker } from './keys.repository.js';

export interface CreateKey {
  readonly name: string;
  /** The built-in one unless given. */
  readonly resource?: string | undefined;
  readonly scopes?: readonly Scope[] | undefined;
  /** Seconds. */
  readonly expiresIn?: number | undefined;
  readonly allowedCidrs?: readonly string[] | undefined;
}

/** A key with its secret, which nobody can be shown a second time. */
export type FreshKey = KeyRecord & { readonly key: string };

export interface VerifiedKey {
  readonly principal: ApiKeyPrincipal;
  readonly issuedAt: Date;
  readonly allowedCidrs: readonly string[];
  readonly expiresAt: Date | undefined;
}

const unknownResource = () =>
  invalidInput([{ path: ['resource'], message: 'is not a resource that is known here' }]);

const earlier = (a: Date | null, b: Date | null): Date | undefined =>
  (a && b ? (a < b ? a : b) : (a ?? b)) ?? undefined;

/** The session, the key or the person by which a secret was asked for ended meanwhile. */
const hasEnded = (caller: KeyCaller) =>
  new ToolgateError(caller.kind === 'application' ? 'not_found' : 'revoked_token');

const makerOf = (caller: KeyCaller, presented: string | undefined): Maker => ({
  userId: keyOwnerOf(caller),
  sessionId: caller.kind === 'user' ? caller.sessionId : null,
  keyId: caller.kind === 'api_key' ? caller.keyId : null,
  keyDigest: caller.kind === 'api_key' && presented !== undefined ? sha256(presented) : null,
});

@Injectable()
export class KeysService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly resources: ResourcesRepository,
    private readonly usage: KeyUsage,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * `presented` is the secret of a caller that is a key: one that was replaced meanwhile makes none.
   *
   * @throws ToolgateError `invalid_input`, `invalid_scope`, `insufficient_scope`, `not_allowed`; `revoked_token`, or for an
   * application `not_found`, when what asks has just ended
   */
  async create(caller: KeyCaller, request: CreateKey, presented?: string): Promise<FreshKey> {
    const resource = await this.resourceNamed(request.resource);
    requireMayMakeFor(caller, resource.identifier);
    const scopes = scopesFor(caller, resource, request.scopes, this.config.scopes);
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
      by: makerOf(caller, presented),
      name: request.name,
      digest: sha256(key),
      resource: resource.identifier,
      scopes,
      allowedCidrs: maker?.cidrs.length ? maker.cidrs : (request.allowedCidrs ?? []),
      createdAt: now,
      expiresAt: earlier(asked, maker?.expiresAt ?? null) ?? null,
    });
    if (!record) {
      await this.resourceNamed(request.resource);
      throw hasEnded(caller);
    }
    return { ...record, key };
  }

  async list(caller: KeyCaller): Promise<KeyRecord[]> {
    return this.keys.list(keyOwnerOf(caller));
  }

  /** @throws ToolgateError `not_found` */
  async revoke(caller: KeyCaller, id: string): Promise<void> {
    if (!(await this.keys.revoke(id, keyOwnerOf(caller), this.clock.now())))
      throw new ToolgateError('not_found');
  }

  /**
   * `overlap` in seconds, `presented` as for {@link create}.
   *
   * @throws ToolgateError `not_found`, `insufficient_scope`, `not_allowed`; `revoked_token` as for {@link create}
   */
  async rotate(caller: KeyCaller, id: string, overlap: number, presented?: string): Promise<FreshKey> {
    const now = this.clock.now();
    const key = mintKey(id);
    const previousUntil = overlap > 0 ? new Date(now.getTime() + overlap * 1000) : null;
    await this.requireCovered(caller, id);
    const record = await this.keys.rotate(id, makerOf(caller, presented), sha256(key), previousUntil, now);
    if (!record) throw (await this.isAlive(id, now)) ? hasEnded(caller) : new ToolgateError('not_found');
    return { ...record, key };
  }

  /** A key that shows another's secret would be that other key: it must reach as far and be bound no tighter. */
  private async requireCovered(caller: KeyCaller, id: string): Promise<void> {
    const target = await this.keys.find(id);
    if (target?.userId !== keyOwnerOf(caller)) throw new ToolgateError('not_found');
    requireMayMakeFor(caller, target.resource);
    if (this.config.scopes.missing(caller.scopes, target.scopes).length > 0)
      throw new ToolgateError('insufficient_scope', { scopes: target.scopes });
    if (caller.kind === 'api_key' && caller.keyId !== id && (await this.boundsOf(caller.keyId)).bound)
      throw new ToolgateError('not_allowed', {
        detail: 'A key with an expiry or networks of its own can rotate only itself.',
      });
  }

  private async isAlive(id: string, now: Date): Promise<boolean> {
    const key = await this.keys.find(id);
    return key?.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
  }

  private async resourceNamed(text: string | undefined): Promise<Resource> {
    const identifier = text === undefined ? this.config.resource : canonicalResource(text);
    const resource = identifier === undefined ? undefined : await this.resources.find(identifier);
    if (!resource) throw unknownResource();
    return resource;
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

  /**
   * A key for `resource`; for any when that is null, which only introspection may ask (RFC 7662).
   *
   * @throws ToolgateError `invalid_api_key`, `expired_api_key`
   */
  async verify(presented: string, resource: string | null): Promise<VerifiedKey> {
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
    if (resource !== null && found.resource !== resource)
      throw new ToolgateError('invalid_api_key', { reason: `for ${found.resource}, not for ${resource}` });
    const { userId } = found;
    const scopes = this.config.scopes.intersect(found.scopes, found.ownerScopes);
    return {
      principal: { kind: 'api_key', userId, keyId: id, resource: found.resource, scopes },
      issuedAt: found.createdAt,
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
