import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { RequireScope } from '../../access/decorators.js';
import { personOf } from '../../access/principal.js';
import { Clock } from '../../crypto/clock.js';
import type { ToolCall } from '../tool-call.js';
import { Tool, ToolRefusal } from '../tool.decorator.js';
import type { Note } from './note.entity.js';
import { NotesRepository } from './notes.repository.js';
import { noteUri } from './notes.resources.js';

const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => !value.includes('\u0000'), 'must not contain NUL');
const Limit = z.number().int().min(1).max(100).default(20).describe('how many at most');
const Offset = z
  .number()
  .int()
  .min(0)
  .max(100_000)
  .default(0)
  .describe('how many to skip, for the next page');
const NoteView = z.object({
  id: z.string(),
  title: z.string(),
  body: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});
const Notes = z.object({ notes: z.array(NoteView) });

const ListInput = z.object({ limit: Limit, offset: Offset });
const SearchInput = z.object({
  query: text(200).min(1).describe('looked for in title and body'),
  limit: Limit,
  offset: Offset,
});
const WriteInput = z.object({
  id: z.uuid().optional().describe('an existing note to replace; without it a new one is made'),
  title: text(200).min(1),
  body: text(100_000),
});
const DeleteInput = z.object({ id: z.uuid() });

const view = (note: Note): z.output<typeof NoteView> => ({
  id: note.id,
  title: note.title,
  body: note.body,
  created_at: note.createdAt.toISOString(),
  updated_at: note.updatedAt.toISOString(),
});

/** Small, real tools over a real table, so that scopes mean something from the first minute. */
@Injectable()
export class NotesTools {
  constructor(
    private readonly notes: NotesRepository,
    private readonly clock: Clock,
  ) {}

  @Tool({
    name: 'notes_list',
    title: 'List notes',
    description: 'Lists your notes, the last changed first.',
    input: ListInput,
    output: Notes,
    annotations: { readOnlyHint: true, openWorldHint: false },
  })
  @RequireScope('notes:read')
  async list(page: z.output<typeof ListInput>, { principal }: ToolCall) {
    return { notes: (await this.notes.list(personOf(principal), page)).map(view) };
  }

  @Tool({
    name: 'notes_search',
    title: 'Search notes',
    description: 'Finds your notes that contain a text in their title or body.',
    input: SearchInput,
    output: Notes,
    annotations: { readOnlyHint: true, openWorldHint: false },
  })
  @RequireScope('notes:read')
  async search({ query, ...page }: z.output<typeof SearchInput>, { principal }: ToolCall) {
    return { notes: (await this.notes.search(personOf(principal), query, page)).map(view) };
  }

  @Tool({
    name: 'notes_write',
    title: 'Write a note',
    description: 'Makes a new note, or replaces the one with the given id.',
    input: WriteInput,
    output: NoteView,
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  })
  @RequireScope('notes:write')
  async write({ id, title, body }: z.output<typeof WriteInput>, { principal, changed }: ToolCall) {
    const now = this.clock.now();
    const note =
      id === undefined
        ? await this.notes.create(personOf(principal), title, body, now)
        : await this.notes.update(personOf(principal), id, title, body, now);
    if (!note) throw new ToolRefusal(`You have no note with the id ${String(id)}.`);
    if (id !== undefined) await changed(noteUri(id));
    return view(note);
  }

  @Tool({
    name: 'notes_delete',
    title: 'Delete a note',
    description: 'Deletes one of your notes for good.',
    input: DeleteInput,
    output: z.object({ deleted: z.boolean() }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  })
  @RequireScope('notes:write')
  async delete({ id }: z.output<typeof DeleteInput>, { principal, changed }: ToolCall) {
    const deleted = await this.notes.delete(personOf(principal), id);
    if (deleted) await changed(noteUri(id));
    return { deleted };
  }
}
