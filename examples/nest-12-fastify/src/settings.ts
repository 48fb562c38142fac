import { Injectable, Module } from '@nestjs/common';
import type { ToolgateOptions } from 'toolgate/nest';

const { ISSUER = '', RESOURCE = '', CLIENT_ID = '', CLIENT_SECRET = '' } = process.env;

@Injectable()
export class Settings {
  readonly toolgate: ToolgateOptions = {
    issuer: ISSUER,
    resource: RESOURCE,
    scopes: ['notes:read', 'notes:write'],
    resourceName: 'Notes',
    introspection: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
  };
}

@Module({ providers: [Settings], exports: [Settings] })
export class SettingsModule {}
