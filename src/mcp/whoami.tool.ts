import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { ToolCall } from './tool-call.js';
import { Tool } from './tool.decorator.js';

const Identity = z.object({
  kind: z.enum(['user', 'api_key', 'client']),
  user_id: z.string().optional(),
  session_id: z.string().optional(),
  client_id: z.string().optional(),
  key_id: z.string().optional(),
  scopes: z.array(z.string()),
  resource: z.string(),
});

@Injectable()
export class WhoamiTool {
  @Tool({
    name: 'whoami',
    title: 'Who am I',
    description: 'Tells whose credential this call carries and what it may do.',
    input: z.object({}),
    output: Identity,
    annotations: { readOnlyHint: true, openWorldHint: false },
  })
  whoami(_input: object, { principal }: ToolCall): z.output<typeof Identity> {
    const { kind, scopes, resource } = principal;
    const person = kind === 'client' ? {} : { user_id: principal.userId };
    const ids =
      kind === 'api_key'
        ? { key_id: principal.keyId }
        : { session_id: principal.sessionId, client_id: principal.clientId };
    return { kind, ...person, ...ids, scopes: [...scopes], resource };
  }
}
