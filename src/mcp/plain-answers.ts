import { Injectable } from '@nestjs/common';
import { type CallToolResult, isInputRequiredResult } from '@modelcontextprotocol/server';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../access/principal.js';
import { VERSION } from '../config/version.js';
import type { PlainRequest } from './plain-request.js';
import { CallContexts } from './call-context.js';
import { Handlers } from './handlers.js';
import type { RegisteredTool } from './registered.js';
import type { ToolCall } from './tool-call.js';
import { ToolRegistry } from './tool-registry.js';

const MODERN_MEMBERS = {
  resultType: 'complete',
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'toolgate', version: VERSION } },
};
/** Each distinct set of tools that some caller may see. */
const LISTS = 200;

const failed = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });

const wordsOf = (issues: readonly StandardSchemaV1.Issue[]): string =>
  issues
    .map(({ path, message }) => {
      const steps = (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
      return steps.length === 0 ? message : `${steps.join('.')}: ${message}`;
    })
    .join(', ');

/**
 * Answers plain requests without the server object that the SDK would build for each: as JSON the same that the SDK answers
 * (test/mcp/plain-answers.test.ts), at a fraction of its cost (docs/adr/0012).
 */
@Injectable()
export class PlainAnswers {
  private readonly lists = new LRUCache<string, string>({ max: LISTS });

  constructor(
    private readonly registry: ToolRegistry,
    private readonly handlers: Handlers,
    private readonly calls: CallContexts,
  ) {}

  /** The JSON-RPC answer, or undefined where the SDK must answer. */
  async answer(
    request: PlainRequest,
    principal: Principal,
    gone: () => AbortSignal,
  ): Promise<string | undefined> {
    const { tool } = request;
    const result =
      tool === undefined
        ? this.lists.get(this.listKey(request, principal))
        : await this.call(tool, request, this.calls.plain(principal, gone));
    return result && `{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(request.id)}}`;
  }

  /**
   * Whether a call of this tool is answered here. An unknown tool, one that may say more than its answer, and one whose
   * arguments must also stand in headers (2026-07-28) are the SDK's.
   */
  takes(name: string): boolean {
    const tool = this.registry.get(name);
    return tool?.plain === true && !tool.mirrorsHeaders;
  }

  /** Keeps what the SDK said of the tools this caller sees: the next who sees the same is answered from here. */
  async remember(request: PlainRequest, principal: Principal, answer: Response): Promise<void> {
    const text = await answer.text();
    const json = /^data: (\{.*)$/m.exec(text)?.[1] ?? text;
    const { result } = JSON.parse(json) as { result?: unknown };
    if (answer.ok && result !== undefined)
      this.lists.set(this.listKey(request, principal), JSON.stringify(result));
  }

  private listKey({ era }: PlainRequest, principal: Principal): string {
    return [era, ...this.registry.visible(this.registry.all(), principal).map(({ name }) => name)].join(' ');
  }

  private async call(name: string, request: PlainRequest, call: ToolCall): Promise<string | undefined> {
    const tool = this.registry.get(name);
    if (!tool || !this.takes(name)) return undefined;
    const result = await this.validCall(tool, request.input, call);
    return JSON.stringify(request.era === 'modern' ? { ...result, ...MODERN_MEMBERS } : result);
  }

  private async validCall(tool: RegisteredTool, input: unknown, call: ToolCall): Promise<CallToolResult> {
    const { name } = tool;
    const read = await tool.input['~standard'].validate(input);
    if (read.issues)
      return failed(`Input validation error: Invalid arguments for tool ${name}: ${wordsOf(read.issues)}`);
    const result = await this.handlers.callTool(tool, read.value, call);
    if (isInputRequiredResult(result)) throw new Error(`the plain tool ${name} asked for input`);
    if (!tool.output || result.isError) return result;
    const made = await tool.output['~standard'].validate(result.structuredContent);
    if (made.issues)
      return failed(
        `Output validation error: Invalid structured content for tool ${name}: ${wordsOf(made.issues)}`,
      );
    return result;
  }
}
