import { Injectable } from '@nestjs/common';
import { looksLikeApiKey } from '../../access/credential.js';
import type { Client } from '../clients/client.js';
import { KeyIntrospection, type LivingKey } from './key-introspection.js';
import { type LivingToken, TokenLookup } from './token-lookup.js';

/** RFC 7662 section 2.2. */
export type Introspected = LivingKey | ({ readonly active: true } & LivingToken) | { readonly active: false };

/** A client learns of its own tokens, a resource server of tokens and keys made for what it serves (attack 4). */
@Injectable()
export class Introspection {
  constructor(
    private readonly tokens: TokenLookup,
    private readonly keys: KeyIntrospection,
  ) {}

  async answer({ clientId, serves }: Client, token: string): Promise<Introspected> {
    if (looksLikeApiKey(token)) return (await this.keys.find(token, serves)) ?? { active: false };
    const found = await this.tokens.find(token);
    if (!found) return { active: false };
    const related = found.clientId === clientId || serves.includes(found.resource);
    return related ? { active: true, ...found.shown } : { active: false };
  }
}
