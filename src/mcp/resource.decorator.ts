import { SetMetadata } from '@nestjs/common';
import type {
  InputRequiredResult,
  ReadResourceResult,
  Resource as ListedResource,
  Variables,
} from '@modelcontextprotocol/server';
import type { ToolCall } from './tool-call.js';

export const RESOURCE = 'toolgate:resource';
export const RESOURCE_TEMPLATE = 'toolgate:resource-template';
export const RESOURCE_LIST = 'toolgate:resource-list';
export const COMPLETION = 'toolgate:completion';

interface Described {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly mimeType?: string;
}

export interface ResourceOptions extends Described {
  readonly uri: string;
}

export interface ResourceTemplateOptions extends Described {
  /** RFC 6570. */
  readonly uriTemplate: string;
}

/** Whose values are completed: an argument of a prompt, or a variable of a resource template. */
export interface CompletionOptions {
  readonly of: { readonly prompt: string } | { readonly uriTemplate: string };
  readonly argument: string;
}

type Answer = ReadResourceResult | InputRequiredResult;
type Many<Result> = Result | Promise<Result>;

/** A decorator for methods of this shape, which the compiler holds them to. */
type Marks<Handler> = <Method extends Handler>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

const marked =
  (metadata: string, options: unknown) =>
  <Method>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void => {
    SetMetadata(metadata, options)(target, key, descriptor);
  };

type Read = (uri: string, call: ToolCall) => Many<Answer>;
type ReadMatched = (uri: string, call: ToolCall, values: Variables) => Many<Answer>;

/** Makes a method the content of one URI. `@RequireScope` beside it, or on the class, says who may read it. */
export const Resource = (options: ResourceOptions): Marks<Read> => marked(RESOURCE, options);

/** Makes a method the content of every URI that the template matches; it gets the values of the variables, as sent. */
export const ResourceTemplate = (options: ResourceTemplateOptions): Marks<ReadMatched> =>
  marked(RESOURCE_TEMPLATE, options);

/** Makes a method list what of a template's resources there is for the caller. */
export const ResourceList = (uriTemplate: string): Marks<(call: ToolCall) => Many<ListedResource[]>> =>
  marked(RESOURCE_LIST, uriTemplate);

/** Makes a method suggest values for what was typed so far. */
export const Complete = (
  options: CompletionOptions,
): Marks<(typed: string, call: ToolCall) => Many<string[]>> => marked(COMPLETION, options);
