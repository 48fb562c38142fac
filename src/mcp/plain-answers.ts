import { Injectable } from '@nestjs/common';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../access/principal.js';
import { VERSION } from '../config/version.js';
import type { PlainRequest } from './plain-request.js';
import { ToolCalls } from './tool-calls.js';
import { type RegisteredTool, ToolRegistry } from './tool-registry.js';

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
 * Answers plain requests without the server object that the SDK would build for each: to the byte what the SDK answers
 * (test/mcp/plain-answers.test.ts), at a fraction of its cost (docs/adr/0012).
 */
@Injectable()
export class PlainAnswers {
  private readonly lists = new LRUCache<string, string>({ max: LISTS });

  constructor(
    private readonly registry: ToolRegistry,
    private readonly calls: ToolCalls,
  ) {}

  /** The JSON-RPC answer, or undefined where the SDK must answer. */
  async answer(request: PlainRequest, principal: Principal): Promise<string | undefined> {
    const result =
      request.tool === undefined
        ? this.list(request, principal)
        : await this.call(request.tool, request, principal);
    return result && `{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(request.id)}}`;
  }

  /** Keeps what the SDK said of the tools this caller sees: the next who sees the same is answered from here. */
  async remember(request: PlainRequest, principal: Principal, answer: Response): Promise<void> {
    const text = await answer.text();
    const json = /^data: (\{.*)$/m.exec(text)?.[1] ?? text;
    const { result } = JSON.parse(json) as { result?: unknown };
    if (answer.ok && result !== undefined)
      this.lists.set(this.listKey(request, principal), JSON.stringify(result));
  }

  private list(request: PlainRequest, principal: Principal): string | undefined {
    return this.lists.get(this.listKey(request, principal));
  }

  private listKey({ era }: PlainRequest, principal: Principal): string {
    return [era, ...this.registry.visibleTo(principal).map(({ name }) => name)].join(' ');
  }

  private async call(
    name: string,
    { era, input }: PlainRequest,
    principal: Principal,
  ): Promise<string | undefined> {
    const tool = this.registry.get(name);
    // An unknown tool, and one whose arguments must also stand in headers (2026-07-28), are the SDK's to judge.
    if (!tool || tool.mirrorsHeaders) return undefined;
    const result = await this.validCall(tool, input, principal);
    return JSON.stringify(era === 'modern' ? { ...result, ...MODERN_MEMBERS } : result);
  }

  private async validCall(
    tool: RegisteredTool,
    input: unknown,
    principal: Principal,
  ): Promise<CallToolResult> {
    const read = await tool.input['~standard'].validate(input);
    if (read.issues)
      return failed(
        `Input validation error: Invalid arguments for tool ${tool.name}: ${wordsOf(read.issues)}`,
      );
    const result = await this.calls.call(tool, read.value, principal);
    if (!tool.output || result.isError) return result;
    const made = await tool.output['~standard'].validate(result.structuredContent);
    if (made.issues)
      return failed(
        `Output validation error: Invalid structured content for tool ${tool.name}: ${wordsOf(made.issues)}`,
      );
    return result;
  }
}
