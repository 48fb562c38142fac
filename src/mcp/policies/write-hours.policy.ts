import { Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { CLOSED_NOW, openHours } from '../../config/write-hours.js';
import { CallPolicy, type Policy, type PolicyCall, type PolicyDecision } from './policy.js';

/** What changes something waits for WRITE_HOURS; what reads is always allowed. */
@Injectable()
@CallPolicy('write-hours')
export class WriteHoursPolicy implements Policy {
  private readonly isOpen: (at: Date) => boolean;

  constructor(@InjectConfig() config: Config) {
    this.isOpen = openHours(config.WRITE_HOURS);
  }

  decide({ operation, at }: PolicyCall): PolicyDecision {
    return operation.readOnly || this.isOpen(at) ? { allow: true } : { allow: false, reason: CLOSED_NOW };
  }
}
