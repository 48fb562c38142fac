import { Injectable } from '@nestjs/common';
import { Admissions } from '../access/admissions.js';
import type { Principal } from '../access/principal.js';
import { revocableIds, Revocations } from '../tokens/revocations.js';

/** Fed by the same revocations that every request is checked against. */
@Injectable()
export class WatchedAdmissions extends Admissions {
  constructor(private readonly revocations: Revocations) {
    super();
  }

  watch(principal: Principal): () => boolean {
    const ids = revocableIds(principal);
    const mark = this.revocations.mark();
    return () => !this.revocations.isOver(principal) && !this.revocations.changedSince(mark, ids);
  }
}
