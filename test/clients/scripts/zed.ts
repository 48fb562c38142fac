import type { Script } from '../script.js';

export const zed: readonly Script[] = [
  {
    client: 'Zed',
    registration: { way: 'document', clientId: 'https://zed.dev/oauth/client-metadata.json' },
    redirectUri: 'http://127.0.0.1:{port}/callback',
  },
];
