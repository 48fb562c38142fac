import { Payload } from '@nestjs/microservices';
import { McpController, Tool } from '@rekog/mcp-nest';
import type { Principal } from 'toolgate/guard';
import { Caller, RequireScope } from 'toolgate/nest';
import { z } from 'zod';

const notes: { title: string; by: string }[] = [];
const text = (words: string) => ({ content: [{ type: 'text', text: words }] });
const Note = z.object({ title: z.string() });

@McpController()
export class NotesController {
  @Tool({ name: 'notes_list', description: 'Lists the notes', parameters: z.object({}) })
  @RequireScope('notes:read')
  list() {
    return text(JSON.stringify(notes));
  }

  @Tool({ name: 'notes_write', description: 'Writes a note', parameters: Note })
  @RequireScope('notes:write')
  write(@Payload() { title }: z.output<typeof Note>, @Caller() caller: Principal) {
    notes.push({ title, by: caller.kind === 'client' ? caller.clientId : caller.userId });
    return text('written');
  }
}
