import { Clock } from '../crypto/clock.js';
import { MasterKey } from '../crypto/master-key.js';
import { masterKeyOf } from '../service.js';
import { KeyRing } from '../tokens/key-ring.js';
import { SigningKeysRepository } from '../tokens/signing-keys.repository.js';
import { recordByOperator } from './record-by-operator.js';
import { withDatabase } from './with-database.js';

/** `toolgate keys rotate` */
export async function keys([action]: string[], usage: string): Promise<void> {
  if (action === 'rotate') await rotateSigningKeys();
  else console.error(usage);
}

/** Running replicas follow within seconds; what the old key signed stays valid to its end. */
async function rotateSigningKeys(): Promise<void> {
  await withDatabase(async (database, config) => {
    const masterKey = new MasterKey(await masterKeyOf(config));
    const ring = new KeyRing(new SigningKeysRepository(database), masterKey, new Clock(), config);
    await ring.onModuleInit();
    await ring.rotate();
    ring.onApplicationShutdown();
    await recordByOperator(database, 'signing_key.rotated', {});
    console.log(`Signing with ${ring.signingKey().kid} (${ring.signingKey().algorithm}).`);
  });
}
