import { McpServer } from '@modelcontextprotocol/server';
import type { Principal, ResourceGuard } from 'toolgate/guard';
import { z } from 'zod';

const notes: { title: string; by: string }[] = [];
const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });

export const SCOPES_OF_TOOLS = { notes_list: ['notes:read'], notes_write: ['notes:write'] };

/** The MCP server as this caller sees it. Calls were checked before; this is about what is shown. */
export function notesServer(caller: Principal, guard: ResourceGuard): McpServer {
  const server = new McpServer(
    { name: 'notes', version: '1.0.0' },
    // Lists differ from caller to caller.
    { cacheHints: { 'tools/list': { cacheScope: 'private' } } },
  );
  const tools = {
    notes_list: server.registerTool(
      'notes_list',
      { description: 'Lists the notes', inputSchema: z.object({}) },
      () => text(JSON.stringify(notes)),
    ),
    notes_write: server.registerTool(
      'notes_write',
      { description: 'Writes a note', inputSchema: z.object({ title: z.string() }) },
      ({ title }) => {
        notes.push({ title, by: caller.kind === 'client' ? caller.clientId : caller.userId });
        return text('written');
      },
    ),
  };
  for (const name of ['notes_list', 'notes_write'] as const)
    if (!guard.allows(caller, SCOPES_OF_TOOLS[name])) tools[name].disable();
  return server;
}
