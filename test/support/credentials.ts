import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

const SECRETS =
  /^(access_token|refresh_token|key|password|client_secret|registration_access_token|id_token|device_code|user_code)$/;

/** Credentials by name anywhere in a body: they are searched for in logs and databases when the run ends. */
export function remember(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    // `key` is also a word of others' answers.
    const ours = name !== 'key' || String(inner).startsWith('tgk_');
    if (SECRETS.test(name) && ours && typeof inner === 'string' && inner.length >= 20) rememberSecret(inner);
    else remember(inner);
  }
}

export function rememberSecret(secret: string): void {
  appendFileSync(
    join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'secrets', String(process.pid)),
    `${secret}\n`,
  );
}
