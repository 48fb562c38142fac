import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import { OpsModule } from '../ops/ops.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { ApiKey } from './api-key.entity.js';
import { KeyUsage } from './key-usage.js';
import { KeysController } from './keys.controller.js';
import { KeysRepository } from './keys.repository.js';
import { KeysService } from './keys.service.js';

/**
 * Owns API keys: their format, table, scopes, rotation and verification.
 * Does not own how a key is read from a request (auth/), nor the signing keys of access tokens (tokens/).
 */
@Module({
  imports: [OpsModule, ResourcesModule, TypeOrmModule.forFeature([ApiKey], DATA_SOURCE)],
  controllers: [KeysController],
  providers: [KeysRepository, KeysService, KeyUsage],
  exports: [KeysService],
})
export class KeysModule {}
