import { Injectable } from '@nestjs/common';
import { Clock } from '../crypto/clock.js';
import { randomToken, sha256 } from '../crypto/digest.js';
import { MasterKey } from '../crypto/master-key.js';
import { Database, type Statement } from '../database/database.js';

/** What a sign-in must know when the browser comes back. */
export interface Attempt {
  readonly verifier: string;
  readonly nonce: string;
  /** Where the browser was going, as its page wrote it down. */
  readonly continueTo: string;
  readonly answer: 'page' | 'json';
}

const LIFE_MS = 10 * 60_000;

const BEGIN: Statement = {
  name: 'upstream-login-begin',
  text: `INSERT INTO upstream_logins (state_digest, provider, browser_digest, sealed, expires_at)
         VALUES ($1, $2, $3, $4, $5)`,
};
// The row goes with its first use, and only for the provider and the browser that it was made for.
const FINISH: Statement = {
  name: 'upstream-login-finish',
  text: `DELETE FROM upstream_logins
         WHERE state_digest = $1 AND provider = $2 AND browser_digest = $3 AND expires_at > $4
         RETURNING sealed`,
};
const REAP: Statement = {
  name: 'upstream-login-reap',
  text: `DELETE FROM upstream_logins WHERE expires_at < $1`,
};

const contextOf = (provider: string) => `upstream login at ${provider}`;
const digestOf = (browser: string) => Buffer.from(browser, 'base64url');

@Injectable()
export class UpstreamLoginsRepository {
  constructor(
    private readonly database: Database,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
  ) {}

  /** @returns the `state` that the browser is to bring back. */
  async begin(provider: string, browser: string, attempt: Attempt): Promise<string> {
    const state = randomToken();
    const sealed = this.masterKey.seal(Buffer.from(JSON.stringify(attempt)), contextOf(provider));
    await this.database.query(BEGIN, [
      sha256(state), provider, digestOf(browser), sealed, new Date(this.clock.now().getTime() + LIFE_MS),
    ]); // prettier-ignore
    return state;
  }

  /** Undefined when it was finished before, is too old, or belongs to another browser or provider. */
  async finish(provider: string, browser: string, state: string): Promise<Attempt | undefined> {
    const [row] = await this.database.query<{ sealed: Buffer }>(FINISH, [
      sha256(state), provider, digestOf(browser), this.clock.now(),
    ]); // prettier-ignore
    if (!row) return undefined;
    return JSON.parse(this.masterKey.open(row.sealed, contextOf(provider)).toString()) as Attempt;
  }

  async reap(): Promise<void> {
    await this.database.query(REAP, [this.clock.now()]);
  }
}
