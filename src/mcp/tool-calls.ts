import { Injectable, Logger } from '@nestjs/common';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Principal } from '../access/principal.js';
import { CATALOGUE } from '../errors/catalogue.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { ToolRefusal } from './tool.decorator.js';
import type { RegisteredTool } from './tool-registry.js';

/** Runs a tool on validated input, and puts its answer or its failure in words. */
@Injectable()
export class ToolCalls {
  private readonly log = new Logger(ToolCalls.name);

  async call(tool: RegisteredTool, input: unknown, principal: Principal): Promise<CallToolResult> {
    try {
      const output = await tool.handle(input, { principal });
      return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
    } catch (error) {
      return { content: [{ type: 'text', text: this.explain(tool, error) }], isError: true };
    }
  }

  /** What the model may read of a failure. */
  private explain(tool: RegisteredTool, error: unknown): string {
    if (error instanceof ToolRefusal) return error.message;
    if (error instanceof ToolgateError && error.status < 500) {
      const { title, help } = CATALOGUE[error.code];
      return `${error.options.detail ?? title}. ${help}`.replace(/([.!?])\. /, '$1 ');
    }
    // The stack alone: a database error also carries its parameters, which are the caller's own words.
    this.log.error(
      `tool ${tool.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : typeof error}`,
    );
    return 'The tool failed on our side. Try again later.';
  }
}
