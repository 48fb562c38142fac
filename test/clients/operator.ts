import { PASSWORD, type TestService, setScopes } from '../support/harness.js';

export interface MadeClient {
  readonly client_id: string;
  readonly client_secret?: string;
}

/** A client that an operator makes at /admin/clients. */
export async function makeClient(
  service: TestService,
  metadata: Record<string, unknown>,
): Promise<MadeClient> {
  const { email } = await service.person();
  await setScopes(service, email, ['admin']);
  const login = await service.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  const made = await service.call('POST', '/admin/clients', {
    bearer: login.body.access_token,
    body: metadata,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.body;
}
