import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ILike, type Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Note } from './note.entity.js';

/** Notes, always those of one user. */
@Injectable()
export class NotesRepository {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  async list(userId: string, limit: number): Promise<Note[]> {
    return this.notes.find({ where: { userId }, order: { updatedAt: 'DESC' }, take: limit });
  }

  /** Without regard to case, in title and body. */
  async search(userId: string, text: string, limit: number): Promise<Note[]> {
    const pattern = ILike(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
    const where = [
      { userId, title: pattern },
      { userId, body: pattern },
    ];
    return this.notes.find({ where, order: { updatedAt: 'DESC' }, take: limit });
  }

  async create(userId: string, title: string, body: string, now: Date): Promise<Note> {
    const note = { id: uuidv7(), userId, title, body, createdAt: now, updatedAt: now };
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
    return affected === 1 ? ((await this.notes.findOneBy({ id, userId })) ?? undefined) : undefined;
  }

  /** True when there was one to delete. */
  async delete(userId: string, id: string): Promise<boolean> {
    return (await this.notes.delete({ id, userId })).affected === 1;
  }
}
