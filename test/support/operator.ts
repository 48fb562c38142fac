import { PASSWORD, setScopes, type TestService } from './harness.js';

export const NOTES = {
  identifier: 'https://notes.example.com/mcp',
  name: 'Notes',
  scopes: [
    { name: 'pages:read', description: 'Read your pages' },
    { name: 'pages:write', description: 'Write your pages' },
  ],
  default_scopes: ['pages:read'],
};

/** Someone who runs the service. */
export async function operator(service: TestService) {
  const { email } = await service.person();
  await setScopes(service, email, ['mcp:admin', 'keys:write', 'sessions:write', 'admin']);
  const login = await service.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  const call = async (method: string, path: string, body?: unknown) => {
    const bearer = login.body.access_token;
    const answer = await service.call(method, path, { bearer, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  return {
    email,
    call,
    async resource(more: Partial<typeof NOTES> = {}) {
      await call('PUT', '/admin/resources', { ...NOTES, ...more });
    },
    async removeResource(identifier: string) {
      await call('DELETE', `/admin/resources?identifier=${encodeURIComponent(identifier)}`);
    },
    /** A confidential client: what a resource server introspects with. */
    async server(...serves: string[]): Promise<{ client_id: string; client_secret: string }> {
      const { body } = await call('POST', '/admin/clients', {
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_post',
        serves,
      });
      return { client_id: body.client_id, client_secret: body.client_secret };
    },
  };
}
