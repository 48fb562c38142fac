import type { CanActivate } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { goneSignal } from '../mcp/gone-signal.js';
import { McpController } from '../mcp/mcp.controller.js';
import type { PlainAnswers } from '../mcp/plain-answers.js';
import { plainRequest } from '../mcp/plain-request.js';
import { headersOf, jsonAnswer, type LaneRoute, parsedJson } from './lane-route.js';

const PATH = '/mcp';

/**
 * Calls of plain tools. `guards` are all that stand before `McpController.post`, in their order: each decides here as it
 * does there, and each throws when it refuses.
 */
export function mcpRoute(guards: readonly CanActivate[], plain: PlainAnswers): LaneRoute {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- named, as the guards look for its decorators; never called
  const handler = McpController.prototype.post;
  return {
    method: 'POST',
    path: PATH,
    contentType: 'application/json',
    headers: headersOf(PATH),
    prepare(text, request) {
      const body = parsedJson(text);
      const asked = plainRequest(body, request.headers);
      if (asked?.tool === undefined || !plain.takes(asked.tool)) return undefined;
      request.body = body;
      return async () => {
        const context = new ExecutionContextHost([request], McpController, handler);
        for (const guard of guards) {
          const admitted = guard.canActivate(context);
          // Nothing to wait for where the credential is known.
          if (admitted !== true && (await admitted) !== true)
            throw new Error(`${guard.constructor.name} refused without a reason`);
        }
        if (!request.principal) throw new Error('the guards left no principal');
        const answer = await plain.answer(asked, request.principal, () => goneSignal(request.response));
        if (answer === undefined) throw new Error('a plain tool was not answered');
        return jsonAnswer(answer);
      };
    },
  };
}
