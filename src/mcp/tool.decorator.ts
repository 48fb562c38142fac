import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import type { Principal } from '../access/principal.js';

export const TOOL = 'toolgate:tool';

export interface ToolOptions {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** What a client may show a person before it calls (hints, not guarantees). */
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint?: boolean;
    readonly idempotentHint?: boolean;
    readonly openWorldHint?: boolean;
  };
}

/** What a tool knows of its call, beside its validated input. */
export interface ToolCall {
  readonly principal: Principal;
}

/** A tool may answer "that cannot be done" with words for the model; anything else thrown stays in the log. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
}

/** Makes a method of a provider an MCP tool. `@RequireScope` beside it, or on the class, says who may call it. */
export const Tool = (options: ToolOptions) => SetMetadata(TOOL, options);
