import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../../database/data-source-name.js';
import { ILike, type Repository } from 'typeorm';
import { uuidv7 } from '../../crypto/uuid.js';
import { Note } from './note.entity.js';

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** The id settles ties, else a page could repeat a note or miss one. */
const NEWEST_FIRST = { updatedAt: 'DESC', id: 'DESC' } as const;

/** Notes, always those of one user. */
@Injectable()
export class NotesRepository {
  constructor(@InjectRepository(Note, DATA_SOURCE) private readonly notes: Repository<Note>) {}

  async list(userId: string, { limit, offset }: Page): Promise<Note[]> {
    return this.notes.find({ where: { userId }, order: NEWEST_FIRST, take: limit, skip: offset });
  }

  /** Undefined when the user has no such note. */
  async find(userId: string, id: string): Promise<Note | undefined> {
    return (await this.notes.findOneBy({ id, userId })) ?? undefined;
  }

  /** Without regard to case, in title and body. */
  async search(userId: string, text: string, { limit, offset }: Page): Promise<Note[]> {
    const pattern = ILike(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
    const where = [
      { userId, title: pattern },
      { userId, body: pattern },
    ];
    return this.notes.find({ where, order: NEWEST_FIRST, take: limit, skip: offset });
  }

  async create(userId: string, title: string, body: string, now: Date): Promise<Note> {
    const note = this.notes.create({ id: uuidv7(), userId, title, body, createdAt: now, updatedAt: now });
    await this.notes.insert(note);
    return note;
  }

  /** Undefined when the user has no such note. */
  async update(
    userId: string,
    id: string,
    title: string,
    body: string,
    now: Date,
  ): Promise<Note | undefined> {
    const { affected } = await this.notes.update({ id, userId }, { title, body, updatedAt: now });
    return affected === 1 ? this.find(userId, id) : undefined;
  }

  /** True when there was one to delete. */
  async delete(userId: string, id: string): Promise<boolean> {
    return (await this.notes.delete({ id, userId })).affected === 1;
  }
}
