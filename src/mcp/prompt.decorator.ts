import { SetMetadata } from '@nestjs/common';
import type { GetPromptResult, InputRequiredResult } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { ToolCall } from './tool-call.js';

export const PROMPT = 'toolgate:prompt';

export interface PromptOptions<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  /** Its arguments, which the protocol has as texts. */
  readonly input?: Input;
}

type Answer = GetPromptResult | InputRequiredResult;
type Handler<Input extends z.ZodObject> = (
  input: z.output<Input>,
  call: ToolCall,
) => Answer | Promise<Answer>;

/** Makes a method of a provider an MCP prompt. `@RequireScope` beside it, or on the class, says who may get it. */
export const Prompt =
  <Input extends z.ZodObject = z.ZodObject>(options: PromptOptions<Input>) =>
  <Method extends Handler<Input>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    SetMetadata(PROMPT, options)(target, key, descriptor);
  };
