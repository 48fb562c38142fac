import { SetMetadata } from '@nestjs/common';
import type { ContentBlock, InputRequiredResult } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { ToolCall } from './tool-call.js';

export const TOOL = 'toolgate:tool';

export interface ToolOptions<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly input: Input;
  readonly output?: Output;
  /** What a client may show a person before it calls (hints, not guarantees). */
  readonly annotations?: {
    readonly readOnlyHint?: boolean;
    readonly destructiveHint?: boolean;
    readonly idempotentHint?: boolean;
    readonly openWorldHint?: boolean;
  };
  /** How often one caller may call it, whichever replica answers. */
  readonly rateLimit?: { readonly calls: number; readonly seconds: number };
}

/** A tool may answer "that cannot be done" with words for the model; anything else thrown stays in the log. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
}

/** An answer that is not data: text, images, audio, resources, as the protocol has them. */
export class ToolContent {
  constructor(readonly blocks: ContentBlock[]) {}
}

type Answer<Output extends z.ZodObject> = z.input<Output> | ToolContent | InputRequiredResult;
type Handler<Input extends z.ZodObject, Output extends z.ZodObject> = (
  input: z.output<Input>,
  call: ToolCall,
) => Answer<Output> | Promise<Answer<Output>>;

/**
 * Makes a method of a provider an MCP tool. `@RequireScope` beside it, or on the class, says who may call it.
 * The compiler holds the method to the schemas: a handler that disagrees with what clients are told does not build.
 * A handler that must first ask the client something returns the SDK's `inputRequired(...)`, in every era; it is then
 * called anew with the answers in `call.answers`.
 */
export const Tool =
  <Input extends z.ZodObject, Output extends z.ZodObject = z.ZodObject>(
    options: ToolOptions<Input, Output>,
  ) =>
  <Method extends Handler<Input, Output>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    SetMetadata(TOOL, options)(target, key, descriptor);
  };
