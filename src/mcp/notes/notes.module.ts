import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../../database/data-source-name.js';
import { Note } from './note.entity.js';
import { NotesRepository } from './notes.repository.js';
import { NotesResources } from './notes.resources.js';
import { NotesTools } from './notes.tools.js';

/**
 * Owns the notes, the MCP server that the service shows by itself.
 * Does not own how tools are found and guarded (mcp/).
 */
@Module({
  imports: [TypeOrmModule.forFeature([Note], DATA_SOURCE)],
  providers: [NotesRepository, NotesResources, NotesTools],
})
export class NotesModule {}
