import { hkdfSync } from 'node:crypto';
import { ownerOf, type Principal } from '../../access/principal.js';
import { MasterKey } from '../../crypto/master-key.js';
import { sessionNotFound } from './rpc-error.js';

const LONGEST = 1024;

/**
 * A session belongs to whom it was opened by. The id that a client gets is the server's own, sealed for its principal: no
 * state to share between replicas, and of no use to anybody else, at the guard or at the server behind it.
 */
export class SessionIds {
  private readonly key: MasterKey;

  constructor(secret: Buffer) {
    this.key = new MasterKey(Buffer.from(hkdfSync('sha256', secret, '', 'toolgate guard sessions v1', 32)));
  }

  seal(upstreamId: string, principal: Principal): string {
    return this.key.seal(Buffer.from(upstreamId), ownerOf(principal)).toString('base64url');
  }

  /** @throws RpcError 404 for another's, and for what is none */
  open(presented: string, principal: Principal): string {
    if (presented.length > LONGEST || !/^[A-Za-z0-9_-]+$/.test(presented)) throw sessionNotFound();
    try {
      return this.key.open(Buffer.from(presented, 'base64url'), ownerOf(principal)).toString();
    } catch {
      throw sessionNotFound();
    }
  }
}
