import type { Script } from '../script.js';

const redirectUri = 'http://127.0.0.1:{port}/oauth_callback';

export const goose: readonly Script[] = [
  {
    client: 'Goose',
    registration: {
      way: 'document',
      clientId: 'https://goose-docs.ai/oauth/client-metadata.json',
    },
    redirectUri,
    resourceMetadata: 'both well-knowns',
  },
  {
    client: 'Goose',
    registration: {
      way: 'registration',
      body: {
        client_name: 'goose',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    },
    redirectUri,
    resourceMetadata: 'both well-knowns',
  },
];
