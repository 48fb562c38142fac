import { Module } from '@nestjs/common';
import { ToolgateModule } from 'toolgate/nest';
import { McpRoute } from './mcp.js';
import { NotesController } from './notes.controller.js';
import { RestController } from './rest.controller.js';
import { Settings, SettingsModule } from './settings.js';

@Module({
  imports: [
    ToolgateModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ toolgate }: Settings) => toolgate,
    }),
  ],
  controllers: [McpRoute, NotesController, RestController],
})
export class AppModule {}
