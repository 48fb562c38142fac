import { Injectable, Logger } from '@nestjs/common';
import {
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { CATALOGUE } from '../errors/catalogue.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { RegisteredTool } from './registered.js';
import type { ToolCall } from './tool-call.js';
import { ToolContent, ToolRefusal } from './tool.decorator.js';

const FAILED = 'failed on our side. Try again later.';

/** Runs handlers, and decides what a client, and so a model, may read of their failures. */
@Injectable()
export class Handlers {
  private readonly log = new Logger(Handlers.name);

  async callTool(
    tool: RegisteredTool,
    input: unknown,
    call: ToolCall,
  ): Promise<CallToolResult | InputRequiredResult> {
    try {
      const output = await tool.handle(input, call);
      if (isInputRequiredResult(output)) return output;
      if (output instanceof ToolContent) return { content: output.blocks };
      return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
    } catch (error) {
      const text = this.explain(`tool ${tool.name}`, error) ?? `The tool ${FAILED}`;
      return { content: [{ type: 'text', text }], isError: true };
    }
  }

  /** @throws ProtocolError with words for the client, whatever was thrown. */
  async answer<Result>(what: string, handler: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await handler();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      const words = this.explain(what, error);
      if (words !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, words);
      throw new ProtocolError(ProtocolErrorCode.InternalError, `This ${FAILED}`);
    }
  }

  /** What may be read of a failure; undefined for one of our own, which goes to the log. */
  private explain(what: string, error: unknown): string | undefined {
    if (error instanceof ToolRefusal) return error.message;
    if (error instanceof ToolgateError && error.status < 500) {
      const { title, help } = CATALOGUE[error.code];
      return `${error.options.detail ?? title}. ${help}`.replace(/([.!?])\. /, '$1 ');
    }
    // The stack alone: a database error also carries its parameters, which are the caller's own words.
    this.log.error(
      `${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : typeof error}`,
    );
    return undefined;
  }
}
