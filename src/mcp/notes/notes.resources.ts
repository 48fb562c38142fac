import { Injectable } from '@nestjs/common';
import { ResourceNotFoundError, type Variables } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { RequireScope } from '../../access/decorators.js';
import { personOf, type Principal } from '../../access/principal.js';
import { Prompt } from '../prompt.decorator.js';
import { Complete, ResourceList, ResourceTemplate } from '../resource.decorator.js';
import type { ToolCall } from '../tool-call.js';
import type { Note } from './note.entity.js';
import { NotesRepository } from './notes.repository.js';

export const NOTE = 'notes://note/{id}';
export const noteUri = (id: string): string => `notes://note/${id}`;

const MARKDOWN = 'text/markdown';
const UUID = z.uuid();
const ReviewInput = z.object({
  topic: z.string().max(200).optional().describe('only notes that contain this; without it the newest'),
});
const MOST_REVIEWED = 20;

const markdown = ({ title, body }: Note): string => `# ${title}\n\n${body}\n`;

/** The notes as resources to attach and follow, and a prompt about them. */
@Injectable()
@RequireScope('notes:read')
export class NotesResources {
  constructor(private readonly notes: NotesRepository) {}

  @ResourceTemplate({
    uriTemplate: NOTE,
    name: 'note',
    title: 'Note',
    description: 'One of your notes, by its id.',
    mimeType: MARKDOWN,
  })
  async read(uri: string, { principal }: ToolCall, { id }: Variables) {
    const note = UUID.safeParse(id).success
      ? await this.notes.find(personOf(principal), String(id))
      : undefined;
    if (!note) throw new ResourceNotFoundError(uri);
    return { contents: [{ uri, mimeType: MARKDOWN, text: markdown(note) }] };
  }

  @ResourceList(NOTE)
  async list({ principal }: ToolCall) {
    const notes = await this.newest(principal, 100);
    return notes.map(({ id, title, updatedAt }) => ({
      uri: noteUri(id),
      name: title,
      mimeType: MARKDOWN,
      annotations: { lastModified: updatedAt.toISOString() },
    }));
  }

  @Complete({ of: { uriTemplate: NOTE }, argument: 'id' })
  async ids(typed: string, { principal }: ToolCall) {
    return (await this.newest(principal, 100)).map(({ id }) => id).filter((id) => id.startsWith(typed));
  }

  @Prompt({
    name: 'notes_review',
    title: 'Review my notes',
    description: 'Your notes on a topic, with the request to sum them up and name what is left to do.',
    input: ReviewInput,
  })
  async review({ topic }: z.output<typeof ReviewInput>, { principal }: ToolCall) {
    const page = { limit: MOST_REVIEWED, offset: 0 };
    const notes = topic
      ? await this.notes.search(personOf(principal), topic.replaceAll('\u0000', ''), page)
      : await this.newest(principal, MOST_REVIEWED);
    const attached = notes.map((note) => ({
      type: 'resource' as const,
      resource: { uri: noteUri(note.id), mimeType: MARKDOWN, text: markdown(note) },
    }));
    const request = 'Sum up these notes of mine, and list what they leave to do.';
    const words = notes.length > 0 ? request : 'I have no such notes yet. Tell me so.';
    return {
      messages: [...attached, { type: 'text' as const, text: words }].map((content) => ({
        role: 'user' as const,
        content,
      })),
    };
  }

  /** A client that acts for itself has none. */
  private async newest(principal: Principal, limit: number): Promise<Note[]> {
    return principal.kind === 'client' ? [] : this.notes.list(personOf(principal), { limit, offset: 0 });
  }
}
