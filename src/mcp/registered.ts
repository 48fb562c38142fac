import {
  type GetPromptResult,
  type InputRequiredResult,
  type ReadResourceResult,
  type Resource,
  UriTemplate,
  type Variables,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Scope } from '../access/scopes.js';
import type { PromptOptions } from './prompt.decorator.js';
import type { ProviderMethod } from './provider-methods.js';
import type { ResourceOptions, ResourceTemplateOptions } from './resource.decorator.js';
import type { ToolCall } from './tool-call.js';
import type { ToolContent, ToolOptions } from './tool.decorator.js';

type Answered<Result> = Result | InputRequiredResult | Promise<Result | InputRequiredResult>;
interface Guarded {
  readonly scopes: readonly Scope[];
}

export interface RegisteredTool extends ToolOptions, Guarded {
  readonly handle: (input: unknown, call: ToolCall) => Answered<Record<string, unknown> | ToolContent>;
}

export interface RegisteredPrompt extends PromptOptions, Guarded {
  readonly handle: (input: unknown, call: ToolCall) => Answered<GetPromptResult>;
}

export interface RegisteredResource extends ResourceOptions, Guarded {
  readonly handle: (uri: string, call: ToolCall) => Answered<ReadResourceResult>;
}

export interface RegisteredTemplate extends ResourceTemplateOptions, Guarded {
  readonly template: UriTemplate;
  readonly handle: (uri: string, call: ToolCall, values: Variables) => Answered<ReadResourceResult>;
  readonly list: ((call: ToolCall) => Resource[] | Promise<Resource[]>) | undefined;
}

/** What clients of every revision take as a name (spec 2025-11-25, tools: names). */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

function checkNamed(what: string, { name, description }: { name: string; description: string }): void {
  if (!NAME.test(name))
    throw new Error(`'${name}' cannot be the name of a ${what}: it must match ${NAME.source}`);
  if (description.trim() === '') throw new Error(`the ${what} ${name} has no description`);
}

/** @throws when it could not be served as it is declared: that must be known at the start. */
export function toolOf({ options, scopes, handle }: ProviderMethod): RegisteredTool {
  const tool = options as ToolOptions;
  checkNamed('tool', tool);
  if (!(tool.input instanceof z.ZodObject))
    throw new Error(`the input of the tool ${tool.name} is not a z.object()`);
  const { calls, seconds } = tool.rateLimit ?? { calls: 1, seconds: 1 };
  if (![calls, seconds].every((value) => Number.isSafeInteger(value) && value > 0))
    throw new Error(`the rate limit of the tool ${tool.name} must be whole numbers above 0`);
  return { ...tool, scopes, handle: handle as RegisteredTool['handle'] };
}

export function promptOf({ options, scopes, handle }: ProviderMethod): RegisteredPrompt {
  const prompt = options as PromptOptions;
  checkNamed('prompt', prompt);
  if (prompt.input !== undefined && !(prompt.input instanceof z.ZodObject))
    throw new Error(`the input of the prompt ${prompt.name} is not a z.object()`);
  return { ...prompt, scopes, handle: handle as RegisteredPrompt['handle'] };
}

export function resourceOf({ options, scopes, handle }: ProviderMethod): RegisteredResource {
  const resource = options as ResourceOptions;
  checkNamed('resource', resource);
  // Clients' spellings are normalized before they are looked up, so ours must be normal.
  if (URL.parse(resource.uri)?.href !== resource.uri)
    throw new Error(`the URI of the resource ${resource.name} must be written ${URL.parse(resource.uri)?.href ?? 'as a URL'}`); // prettier-ignore
  return { ...resource, scopes, handle: handle as RegisteredResource['handle'] };
}

export function templateOf(
  { options, scopes, handle }: ProviderMethod,
  lists: readonly ProviderMethod[],
): RegisteredTemplate {
  const template = options as ResourceTemplateOptions;
  checkNamed('resource template', template);
  const list = lists.find((one) => one.options === template.uriTemplate);
  return {
    ...template,
    template: new UriTemplate(template.uriTemplate),
    scopes,
    handle: handle as RegisteredTemplate['handle'],
    list: list?.handle as RegisteredTemplate['list'],
  };
}
