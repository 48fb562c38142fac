import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { parseScope, type Scope } from '../access/scopes.js';
import { type IssuerClient, unavailable } from './issuer-client.js';

export interface IntrospectionOptions {
  /** A client that `serves` the resource: made at /admin/clients of the issuer. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long an answer is believed, and so how long a revoked credential may still be taken. Default 0.5. */
  readonly cacheSeconds?: number;
}

const Answer = z.discriminatedUnion('active', [
  z.object({ active: z.literal(false) }),
  z.object({
    active: z.literal(true),
    sub: z.string().min(1),
    aud: z.string(),
    scope: z.string().default(''),
    token_type: z.literal('Bearer'),
    client_id: z.string().optional(),
    exp: z.number().optional(),
    key_id: z.string().optional(),
    allowed_cidrs: z.array(z.string()).default([]),
  }),
]);

/** A credential that its issuer knows and calls alive. */
export interface LivingCredential {
  readonly sub: string;
  readonly scopes: readonly Scope[];
  readonly keyId: string | undefined;
  readonly allowedCidrs: readonly string[];
  readonly expiresAt: number | undefined;
}
type Found = LivingCredential | 'dead';

const CAPACITY = 10_000;

/** RFC 7662. Many callers with one credential at once put one question. */
export class Introspection {
  private readonly answers: LRUCache<string, { found: Found }>;
  private readonly asking = new Map<string, Promise<Found>>();
  private readonly authorization: string;

  constructor(
    private readonly client: IssuerClient,
    private readonly resource: string,
    options: IntrospectionOptions,
  ) {
    // RFC 6749 section 2.3.1: form-encoded before they are joined.
    const pair = [options.clientId, options.clientSecret].map(encodeURIComponent).join(':');
    this.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    const ttl = Math.max(1, Math.round((options.cacheSeconds ?? 0.5) * 1000));
    this.answers = new LRUCache({ max: CAPACITY, ttl });
  }

  /** `name` stands for the token where it is kept. @throws ToolgateError `unavailable` */
  async find(name: string, token: string): Promise<LivingCredential | undefined> {
    const found = this.answers.get(name)?.found ?? (await this.share(name, token));
    const expired = found !== 'dead' && found.expiresAt !== undefined && found.expiresAt <= Date.now();
    return found === 'dead' || expired ? undefined : found;
  }

  private share(name: string, token: string): Promise<Found> {
    const known = this.asking.get(name);
    if (known) return known;
    const began = performance.now();
    const asked = this.ask(token)
      .then((found) => {
        // Its life begins with the question: what was revoked while it travelled is not believed for longer.
        this.answers.set(name, { found }, { start: began });
        return found;
      })
      .finally(() => this.asking.delete(name));
    this.asking.set(name, asked);
    return asked;
  }

  private async ask(token: string): Promise<Found> {
    const { introspection_endpoint: endpoint } = await this.client.metadata();
    if (endpoint === undefined) throw unavailable('the issuer offers no introspection');
    const answer = Answer.safeParse(
      await this.client.json(endpoint, {
        method: 'POST',
        headers: {
          Authorization: this.authorization,
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ token }).toString(),
      }),
    );
    if (!answer.success) throw unavailable('the answer of the introspection is not usable');
    if (!answer.data.active) return 'dead';
    const { sub, aud, scope, exp, key_id: keyId, allowed_cidrs: allowedCidrs } = answer.data;
    const scopes = parseScope(scope);
    // A client may ask about its own tokens too: alive, and not for us (RFC 8707).
    if (!scopes || aud !== this.resource) return 'dead';
    return { sub, scopes, keyId, allowedCidrs, expiresAt: exp === undefined ? undefined : exp * 1000 };
  }
}
