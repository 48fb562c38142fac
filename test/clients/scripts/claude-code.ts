import { strict as assert } from 'node:assert';
import type { OwnWay, Script } from '../script.js';

const staysConnected: OwnWay = {
  words: 'the offline_access that it appends is granted',
  check(run) {
    assert.ok(run.tokens.scopes.includes('offline_access'), run.tokens.scopes.join(' '));
    return Promise.resolve();
  },
};

export const claudeCode: readonly Script[] = [
  {
    client: 'Claude Code',
    registration: {
      way: 'document',
      clientId: 'https://claude.ai/oauth/claude-code-client-metadata',
    },
    redirectUri: 'http://localhost:3118/callback',
    alsoAsks: 'offline_access',
    ownWays: [
      staysConnected,
      {
        words: 'a document without ports serves any port',
        async check(run) {
          const redirectUri = 'http://localhost:51234/callback';
          const { answer } = await run.authorize({ scope: 'notes:read', redirectUri });
          assert.ok(answer.has('code'));
        },
      },
    ],
  },
  {
    client: 'Claude Code',
    registration: {
      way: 'registration',
      body: {
        client_name: 'Claude Code (toolgate)',
        redirect_uris: ['http://localhost:{port}/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        client_uri: '',
        logo_uri: null,
      },
    },
    redirectUri: 'http://localhost:{port}/callback',
    alsoAsks: 'offline_access',
    ownWays: [
      staysConnected,
      {
        words: 'the empty URI members that it sends do not come back',
        check(run) {
          assert.ok(!('client_uri' in run.registered) && !('logo_uri' in run.registered));
          return Promise.resolve();
        },
      },
    ],
  },
];
