import { Module } from '@nestjs/common';
import { ToolgateModule } from 'toolgate/nest';
import { McpRoute } from './mcp';
import { NotesController } from './notes.controller';
import { RestController } from './rest.controller';

const { ISSUER = '', RESOURCE = '', CLIENT_ID = '', CLIENT_SECRET = '' } = process.env;

@Module({
  imports: [
    ToolgateModule.forRoot({
      issuer: ISSUER,
      resource: RESOURCE,
      scopes: ['notes:read', 'notes:write'],
      resourceName: 'Notes',
      introspection: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
    }),
  ],
  controllers: [McpRoute, NotesController, RestController],
})
export class AppModule {}
