import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../crypto/uuid.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { randomToken, sha256 } from '../crypto/digest.js';
import { Database, type Statement } from '../database/database.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { secondsAfter } from './lifetimes.js';
import { openedBy, type Proof, valuesOf } from './proven-person.js';
import { Revocations } from './revocations.js';
import { storableAddress } from './storable-address.js';
import { FIRST_PARTY_CLIENT } from './sessions.service.js';

/** A person signed in at the pages in one browser. */
export interface BrowserPerson {
  readonly sessionId: string;
  readonly userId: string;
  readonly email: string;
  readonly scopes: readonly string[];
  readonly signedInAt: Date;
}

/** Who signs in at the pages. */
export interface SignIn {
  readonly userId: string;
  readonly proof: Proof;
}

const LIFE_SECONDS = 12 * 3600;

// The session and its cookie are born together; no session for whom the account was taken from meanwhile.
const openBy = openedBy(
  { name: 'browser-login-open', provider: '$10', subject: '$11' },
  (person) => `
    WITH person AS (${person}), opened AS (
      INSERT INTO sessions (id, user_id, client_id, resource, scopes, address, user_agent, created_at, expires_at)
      SELECT $1, id, $3, $4, '{}', $5, $6, $7, $8 FROM person RETURNING id
    )
    INSERT INTO browser_logins (digest, session_id, signed_in_at) SELECT $9, id, $7 FROM opened RETURNING session_id`,
);
const FIND: Statement = {
  name: 'browser-login-find',
  text: `
    SELECT s.id AS "sessionId", u.id AS "userId", u.email, u.scopes, b.signed_in_at AS "signedInAt"
    FROM browser_logins b JOIN sessions s ON s.id = b.session_id JOIN users u ON u.id = s.user_id
    WHERE b.digest = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND u.disabled_at IS NULL`,
};
const END: Statement = {
  name: 'browser-login-end',
  text: `
    UPDATE sessions SET revoked_at = $2, revoked_reason = 'logout'
    WHERE id = (SELECT session_id FROM browser_logins WHERE digest = $1) AND revoked_at IS NULL RETURNING id`,
};

/** Sign-ins at the pages: a session like any other, held by a cookie instead of tokens. */
@Injectable()
export class BrowserLogins {
  constructor(
    private readonly database: Database,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @returns what the cookie holds.
   * @throws ToolgateError `invalid_login` when the user was disabled, or lost the proof, in the meantime.
   */
  async open(
    { userId, proof }: SignIn,
    from: { address: string; userAgent: string | undefined },
  ): Promise<string> {
    const cookie = randomToken();
    const now = this.clock.now();
    const rows = await this.database.query(openBy(proof), [
      uuidv7(), userId, FIRST_PARTY_CLIENT, this.config.issuer, storableAddress(from.address), from.userAgent?.slice(0, 500) ?? null,
      now, secondsAfter(now, LIFE_SECONDS), sha256(cookie), ...valuesOf(proof),
    ]); // prettier-ignore
    if (rows.length === 0)
      throw new ToolgateError('invalid_login', {
        reason: 'the account was disabled or taken over during the login',
      });
    return cookie;
  }

  /** Undefined when nobody is signed in with this cookie any more. */
  async find(cookie: string): Promise<BrowserPerson | undefined> {
    return (await this.database.query<BrowserPerson>(FIND, [sha256(cookie), this.clock.now()]))[0];
  }

  async end(cookie: string): Promise<void> {
    const [ended] = await this.database.query<{ id: string }>(END, [sha256(cookie), this.clock.now()]);
    if (ended) this.revocations.noteEnded(ended.id);
  }
}
