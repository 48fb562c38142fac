import { strict as assert } from 'node:assert';
import type { OwnWay, Script } from '../script.js';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const grant_types = ['authorization_code', 'refresh_token', DEVICE];
/** Base64 of bytes: with a slash, a plus and padding. */
const state = 'a/b+c8v6Zg==';

const device: OwnWay = {
  words: 'it may use the device flow',
  async check(run) {
    const { status, body } = await run.service.call('POST', '/oauth/device_authorization', {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: run.clientId, scope: 'notes:read' }).toString(),
    });
    assert.equal(status, 200);
    const poll = () => run.token({ grant_type: DEVICE, device_code: body.device_code });
    assert.equal((await poll()).body.error, 'authorization_pending');
    const typed = await run.browser.go(body.verification_uri_complete);
    const asked = await run.browser.submit(typed, { user_code: body.user_code });
    await run.browser.submit(asked, { decision: 'allow', scope: ['notes:read'] });
    run.service.clock.advance(Number(body.interval) + 1);
    const tokens = run.taken(await poll());
    await run.callTool('notes_list', {}, 200, tokens.access);
  },
};

export const vscode: readonly Script[] = [
  {
    client: 'VS Code',
    registration: {
      way: 'document',
      clientId: 'https://vscode.dev/oauth/client-metadata.json',
    },
    redirectUri: 'http://127.0.0.1:33418/',
    state,
    ownWays: [
      device,
      {
        words: 'a busy port gives way to another',
        async check(run) {
          const { answer } = await run.authorize({
            scope: 'notes:read',
            redirectUri: 'http://127.0.0.1:52001/',
          });
          assert.ok(answer.has('code'));
        },
      },
    ],
  },
  {
    client: 'VS Code',
    registration: {
      way: 'registration',
      body: {
        client_name: 'Visual Studio Code',
        client_uri: 'https://code.visualstudio.com',
        redirect_uris: [
          'https://insiders.vscode.dev/redirect',
          'https://vscode.dev/redirect',
          'http://127.0.0.1/',
          'http://127.0.0.1:33418/',
        ],
        grant_types,
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
    },
    redirectUri: 'https://vscode.dev/redirect',
    state,
    ownWays: [device],
  },
];
