import type { ConsentProps, OfferedScope, OfferedTool } from './consent-props.js';
import { consentPage } from './consent.js';
import { deviceCodePage, deviceDonePage } from './device.js';
import { errorPage } from './error.js';
import { signInPage } from './sign-in.js';
import { signUpPage } from './sign-up.js';
import { signedInPage } from './signed-in.js';
import { signedOutPage } from './signed-out.js';

const NOTES_READ: readonly OfferedTool[] = [
  {
    name: 'notes_list',
    title: 'List notes',
    description: 'Lists your notes, the last changed first.',
    kind: 'read',
  },
  {
    name: 'notes_search',
    title: 'Search notes',
    description: 'Finds your notes that contain a text in their title or body.',
    kind: 'read',
  },
];
const NOTES_WRITE: readonly OfferedTool[] = [
  {
    name: 'notes_write',
    title: 'Write a note',
    description: 'Makes a new note, or replaces the one with the given id.',
    kind: 'write',
  },
  {
    name: 'notes_delete',
    title: 'Delete a note',
    description: 'Deletes one of your notes for good.',
    kind: 'destructive',
  },
];
const LONG_WORD = 'Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(
  2,
);

const scope = (name: string, description: string, rest: Partial<OfferedScope> = {}): OfferedScope => ({
  name,
  description,
  checked: true,
  broad: false,
  tools: [],
  ...rest,
});
const READ = scope('notes:read', 'List and search your notes', { tools: NOTES_READ });
const WRITE = scope('notes:write', 'Write and delete your notes', { tools: NOTES_WRITE });
const csrf = 'Wl0q9m6Yb0sH1uJr';
const continueTo = '/oauth/authorize?request=9f2c';

const consent: ConsentProps = {
  csrf,
  request: '9f2c',
  user: { email: 'ada@example.com' },
  client: {
    name: 'Claude',
    idHost: 'claude.ai',
    uri: 'https://claude.ai',
    redirectHost: 'claude.ai',
    redirectKind: 'web',
    firstSeen: true,
  },
  resource: { name: 'Notes', identifier: 'https://notes.example.com/mcp', listsTools: true },
  withheld: [],
  identity: [
    { name: 'openid', description: 'Know that you are you' },
    { name: 'email', description: 'See your e-mail address' },
    { name: 'offline_access', description: 'Stay connected while you are away' },
  ],
  scopes: [READ, WRITE],
  otherAccountHref: '/login?switch=1',
};

const manyTools: readonly OfferedTool[] = [
  ...NOTES_READ,
  ...NOTES_WRITE,
  ...Array.from({ length: 14 }, (_, index): OfferedTool => ({
    name: `calendar_view_${index + 1}`,
    title: `Calendar view ${index + 1}`,
    description: 'Shows the entries of one of your calendars between two dates.',
    kind: 'read',
  })),
];

/** Lifelike pages, one by one: for the screenshots, for axe and for the tests. */
export const EXAMPLES: Readonly<Record<string, () => string>> = {
  'sign-in': () =>
    signInPage({
      continueTo,
      csrf,
      providers: [
        { id: 'github', name: 'GitHub', href: '/login/github?continue=9f2c' },
        { id: 'acme', name: 'Acme staff', href: '/login/acme?continue=9f2c' },
      ],
      signUpHref: '/signup?continue=9f2c',
      client: { name: 'Claude', resource: 'Notes' },
    }),
  'sign-in-refused': () =>
    signInPage({
      continueTo,
      csrf,
      email: 'ada@example.com',
      error: 'The e-mail address or the password is wrong',
      providers: [],
      signUpHref: '/signup',
    }),
  'sign-in-later': () =>
    signInPage({
      continueTo,
      csrf,
      email: 'ada@example.com',
      error: 'Too many attempts',
      retryAfter: 340,
      providers: [],
    }),
  'sign-up': () => signUpPage({ continueTo, csrf, signInHref: '/login' }),
  'sign-up-refused': () =>
    signUpPage({
      continueTo,
      csrf,
      email: 'ada@example',
      name: 'Ada Lovelace',
      errors: {
        email: 'must be an e-mail address in ASCII',
        password: 'is too easy to guess',
      },
      advice: ['Add another word or two; uncommon words are better.', 'Dates are easy to guess.'],
      signInHref: '/login',
    }),
  consent: () => consentPage(consent),
  'consent-loopback': () =>
    consentPage({
      ...consent,
      client: {
        name: 'Gemini CLI',
        redirectHost: 'localhost:51004',
        redirectKind: 'loopback',
        firstSeen: true,
      },
      identity: [],
      scopes: [
        READ,
        { ...WRITE, checked: false },
        scope('mcp:admin', 'Everything this MCP server offers', {
          checked: false,
          broad: true,
          tools: manyTools,
        }),
      ],
    }),
  'consent-app': () =>
    consentPage({
      ...consent,
      client: {
        name: 'Cursor',
        redirectHost: 'cursor://',
        redirectKind: 'app',
        firstSeen: false,
      },
      scopes: [READ],
    }),
  'consent-device': () =>
    consentPage({
      ...consent,
      client: { ...consent.client, name: 'Living-room screen', idHost: undefined, uri: undefined },
      device: { userCode: 'WDJB-MJHT' },
      scopes: [READ],
    }),
  'consent-long': () =>
    consentPage({
      ...consent,
      user: { email: `${'a'.repeat(64)}@${'example.'.repeat(20)}com` },
      client: {
        name: `${LONG_WORD} \u202egpj.exe\u202c מחברת`,
        idHost: `${'very-long-label.'.repeat(12)}example.com`,
        uri: `https://example.com/${'path/'.repeat(40)}`,
        redirectHost: `${'very-long-label.'.repeat(12)}example.com`,
        redirectKind: 'web',
        firstSeen: true,
      },
      resource: {
        name: LONG_WORD,
        identifier: `https://notes.example.com/${'mcp'.repeat(60)}`,
        listsTools: true,
      },
      scopes: [
        scope(`notes:${'read'.repeat(20)}`, LONG_WORD, {
          tools: [
            {
              name: 'x'.repeat(128),
              title: LONG_WORD,
              description: `${LONG_WORD} ${LONG_WORD}`,
              kind: 'destructive',
            },
          ],
        }),
      ],
    }),
  'consent-nothing': () => consentPage({ ...consent, scopes: [], identity: [] }),
  'device-code': () => deviceCodePage({ csrf, userCode: 'WDJB-MJHT' }),
  'device-code-refused': () =>
    deviceCodePage({ csrf, userCode: 'WDJB-MJH', error: 'Check the code: it is unknown, used or too old' }),
  'device-allowed': () => deviceDonePage({ outcome: 'allowed', clientName: 'Living-room screen' }),
  'device-denied': () => deviceDonePage({ outcome: 'denied', clientName: 'Living-room screen' }),
  error: () =>
    errorPage({
      title: 'This client asked for an unknown address',
      what: 'OpenCode wants its answer sent to an address that it has not registered, so nothing was sent.',
      client: 'OpenCode',
      mend: [
        'If you make this client: register the redirect URI below, exactly as it is sent. Only the port of a loopback address may differ.',
        'If you use this client: update it, then connect again. If that does not help, send its makers this page.',
      ],
      code: 'invalid_redirect_uri',
      requestId: '0192f3c1-7c1e-7a52-9d5f-3a7b6c2d1e0f',
      details: [
        { name: 'Sent', value: 'http://127.0.0.1:19876/mcp/oauth/callback' },
        { name: 'Registered', value: 'http://127.0.0.1/callback' },
      ],
    }),
  'signed-in': () =>
    signedInPage({
      email: 'ada@example.com',
      csrf,
      clients: [
        {
          grantId: '1',
          name: 'Claude',
          resource: 'https://notes.example.com/mcp',
          scopes: ['notes:read', 'notes:write'],
        },
      ],
    }),
  'signed-out': () => signedOutPage({ signInHref: '/login' }),
};
