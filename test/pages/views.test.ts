import { createHash } from 'node:crypto';
import type { ConsentProps, OfferedTool } from '../../src/pages/views/consent-props.js';
import { consentPage } from '../../src/pages/views/consent.js';
import { deviceCodePage, deviceDonePage } from '../../src/pages/views/device.js';
import { errorPage } from '../../src/pages/views/error.js';
import { EXAMPLES } from '../../src/pages/views/examples.js';
import { PAGE_STYLE_HASH } from '../../src/pages/views/layout.js';
import { signInPage } from '../../src/pages/views/sign-in.js';
import { signUpPage } from '../../src/pages/views/sign-up.js';
import { signedInPage } from '../../src/pages/views/signed-in.js';

const HOSTILE = `'"></title></style><script>alert(1)</script><img src=x onerror="alert(1)">&amp;`;
const OVERRIDE = 'Cl\u202eedua\u202c';

/** Every page with the same text from outside wherever one may come from. */
const everywhere = (text: string): Record<string, string> => ({
  'sign in': signInPage({
    continueTo: text,
    csrf: text,
    email: text,
    error: text,
    retryAfter: 5,
    providers: [{ id: text, name: text, href: '/login/one' }],
    signUpHref: '/signup',
    client: { name: text, resource: text },
  }),
  'sign up': signUpPage({
    continueTo: text,
    csrf: text,
    email: text,
    name: text,
    errors: { email: text, password: text, name: text, form: text },
    advice: [text],
    signInHref: '/login',
  }),
  consent: consentOf(text, 'loopback'),
  'consent of an app': consentOf(text, 'app'),
  'consent of a website': consentOf(text, 'web'),
  'consent for a device': consentOf(text, 'web', { device: { userCode: text } }),
  'device code': deviceCodePage({ csrf: text, userCode: text, error: text }),
  'device done': deviceDonePage({ outcome: 'allowed', clientName: text }),
  error: errorPage({
    title: text,
    what: text,
    client: text,
    mend: [text],
    code: text,
    requestId: text,
    details: [{ name: text, value: text }],
  }),
  'signed in': signedInPage({
    email: text,
    csrf: text,
    clients: [{ grantId: text, name: text, resource: text, scopes: [text] }],
  }),
});

function consentOf(
  text: string,
  redirectKind: ConsentProps['client']['redirectKind'],
  more: Partial<ConsentProps> = {},
): string {
  return consentPage({
    csrf: text,
    request: text,
    user: { email: text },
    client: { name: text, idHost: text, uri: text, redirectHost: text, redirectKind, firstSeen: true },
    resource: { name: text, identifier: text, listsTools: true },
    withheld: [text],
    identity: [{ name: text, description: text }],
    scopes: [
      {
        name: text,
        description: text,
        checked: true,
        broad: true,
        tools: [{ name: text, title: text, description: text, kind: 'write' }],
      },
    ],
    otherAccountHref: '/login',
    ...more,
  });
}

const tagsOf = (html: string, name: string): string[] =>
  html.match(new RegExp(`<${name}\\b[^>]*>`, 'g')) ?? [];
const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
const idsOf = (html: string): string[] => [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => String(id));
const bodyOf = (html: string): string => html.replace(/<style>.*?<\/style>/s, '');

/** An example without its style, whose text is of no interest. */
const page = (name: string): string => bodyOf(String(EXAMPLES[name]?.()));

const examples = Object.entries(EXAMPLES).map(([name, render]) => [name, render()] as const);

describe.each(examples)('the page %s', (_name, html) => {
  it('has the one style whose hash the policy names', () => {
    const [style, ...others] = [...html.matchAll(/<style[^>]*>(.*?)<\/style>/gs)].map(([, text]) =>
      String(text),
    );
    expect(others).toEqual([]);
    expect(`'sha256-${createHash('sha256').update(String(style)).digest('base64')}'`).toBe(PAGE_STYLE_HASH);
  });

  it('runs nothing, loads nothing and styles nothing in place', () => {
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|base|image|use)\b/i);
    expect(html).not.toMatch(/url\(|@import/i);
    for (const tag of html.match(/<[a-z][^>]*>/gi) ?? []) {
      expect(tag).not.toMatch(/\s(style|src|srcset|on[a-z]+)=/i);
      expect(attribute(tag, 'href') ?? '').not.toMatch(/^[a-z][a-z0-9+.-]*:|^\/\//i);
    }
  });

  it('says its language, one heading of the first level and its landmarks', () => {
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
    for (const name of ['h1', 'main', 'header', 'title']) expect(tagsOf(html, name)).toHaveLength(1);
  });

  it('labels every input', () => {
    const labels = tagsOf(html, 'label').map((tag) => attribute(tag, 'for'));
    const inputs = tagsOf(html, 'input').filter((tag) => attribute(tag, 'type') !== 'hidden');
    expect(inputs.map((tag) => attribute(tag, 'id'))).toEqual(labels);
  });

  it('has ids that are unique and referred to rightly', () => {
    const ids = idsOf(bodyOf(html));
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...html.matchAll(/\s(?:aria-describedby|aria-labelledby|for)="([^"]*)"/g)];
    const anchors = [...html.matchAll(/\shref="#([^"]*)"/g)];
    for (const [, list] of [...references, ...anchors])
      for (const id of String(list).split(' ')) expect(ids).toContain(id);
  });

  it('lets browsers say where its forms come from, and other sites nothing', () => {
    expect(html).toContain('<meta name="referrer" content="same-origin"/>');
  });

  it('posts its forms to a named place', () => {
    for (const form of tagsOf(html, 'form')) {
      expect(attribute(form, 'method')).toBe('post');
      expect(attribute(form, 'action')).toMatch(
        /^\/(login|signup|consent|device|device\/decision|logout|account\/revoke)$/,
      );
      expect(html).toContain('name="csrf"');
    }
  });
});

describe('text from outside', () => {
  it.each(Object.entries(everywhere(HOSTILE)))('is only text on the page: %s', (_name, html) => {
    const body = bodyOf(html);
    expect(body).not.toMatch(/<script|<img|"\s*onerror/i);
    expect(tagsOf(html, 'style')).toHaveLength(1);
    expect(body).toContain('&lt;script>');
    const written = body.match(/value="[^"]*script[^"]*"/g) ?? [];
    for (const value of written) expect(value).toContain('&quot;>');
  });

  it.each(Object.entries(everywhere(OVERRIDE)))('cannot turn the page around: %s', (_name, html) => {
    const shown = bodyOf(html).replace(/\svalue="[^"]*"/g, '');
    expect(shown).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(shown).toContain('Cl\ufffdedua\ufffd');
  });

  it('stands apart from the direction of ours', () => {
    const html = deviceDonePage({ outcome: 'denied', clientName: 'מחברת' });
    expect(html).toContain('<bdi>מחברת</bdi>');
  });

  it('cannot be a name that nobody sees', () => {
    for (const clientName of ['', ' \u00a0', '\u200b\u200d', '\u3164', '\u2800'])
      expect(deviceDonePage({ outcome: 'denied', clientName })).toContain('<bdi>The client</bdi>');
  });

  it('cannot paint over the lines around it', () => {
    const html = deviceDonePage({ outcome: 'denied', clientName: `Z${'\u0351'.repeat(60)}` });
    expect(html).toContain(`<bdi>Z${'\u0351'.repeat(4)}</bdi>`);
  });

  it('is never part of the title of the window', () => {
    expect(consentOf('Claude', 'web')).toContain('<title>Allow this connection? - Toolgate</title>');
  });
});

describe('consent', () => {
  it('names the client, the host of its id, the server and where the answer goes', () => {
    const html = page('consent');
    expect(html).toContain('Let <bdi>Claude</bdi> use <bdi>Notes</bdi>?');
    expect(html).toContain('identified by <bdi dir="ltr" class="code">claude.ai</bdi>');
    expect(html).toContain('>https://notes.example.com/mcp</bdi>');
    expect(html).toContain('a website');
    expect(html).toContain('ada@example.com');
  });

  it('warns of a loopback address, of an app and of nothing else', () => {
    expect(page('consent-loopback')).toContain('Any program on this computer could be asking');
    expect(page('consent-loopback')).toContain('localhost:51004');
    expect(page('consent-app')).toContain('Any app on this device could be asking');
    expect(page('consent')).not.toContain('could be asking');
  });

  it('says when nobody has checked the name, and when an answer leaves the site that vouches for it', () => {
    expect(page('consent-loopback')).toContain('nobody has checked it');
    const html = consentPage({
      ...bare,
      client: { ...bare.client, idHost: 'one.example', redirectHost: 'two.example' },
    });
    expect(html).toContain('a website other than one.example');
  });

  it('shows a device its code and its own warning', () => {
    const html = page('consent-device');
    expect(html).toContain('WDJB-MJHT');
    expect(html).toContain('Does your own device show this code?');
  });

  it('sends one scope for each box that stays ticked', () => {
    const boxes = tagsOf(page('consent-loopback'), 'input').filter(
      (tag) => attribute(tag, 'type') === 'checkbox',
    );
    expect(
      boxes.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value'), tag.includes(' checked')]),
    ).toEqual([
      ['scope', 'notes:read', true],
      ['scope', 'notes:write', false],
      ['scope', 'mcp:admin', false],
    ]);
  });

  it('denies when Enter is pressed too early', () => {
    const buttons = tagsOf(page('consent'), 'button').map((tag) => [
      attribute(tag, 'name'),
      attribute(tag, 'value'),
    ]);
    expect(buttons).toEqual([
      ['decision', 'deny'],
      ['decision', 'allow'],
    ]);
  });

  it('folds away only the mildest tools', () => {
    const tool = (kind: OfferedTool['kind'], index: number): OfferedTool => ({
      name: `${kind}_${index}`,
      title: `${kind} ${index}`,
      description: 'Does one thing.',
      kind,
    });
    const tools = [
      ...Array.from({ length: 20 }, (_, index) => tool('read', index)),
      tool('write', 1),
      tool('destructive', 1),
    ];
    const html = consentPage({
      ...bare,
      scopes: [{ name: 'x:all', description: 'All', checked: false, broad: true, tools }],
    });
    const [open, folded] = html.split('<details>');
    expect(open).toContain('destructive_1');
    expect(open).toContain('write_1');
    expect(open).toContain('22 tools: 1 destructive, 1 write, 20 read');
    expect(folded).toContain('14 more tools, all read');
  });

  it('says that no tool needs a scope only where the tools are known', () => {
    const scopes = [{ name: 'x:all', description: 'All', checked: true, broad: false, tools: [] }];
    expect(consentPage({ ...bare, scopes })).toContain('No tool needs it today.');
    const unlisted = consentPage({ ...bare, scopes, resource: { ...bare.resource, listsTools: false } });
    expect(unlisted).toContain('This server does not say which of its tools need it.');
    expect(unlisted).not.toContain('No tool needs it today.');
  });

  it('says what was asked for that the account cannot give, if anything', () => {
    expect(consentPage({ ...bare, withheld: ['x:admin', 'y:admin'] })).toContain(
      'x:admin y:admin</bdi>, which',
    );
    expect(consentPage(bare)).not.toContain('It also asked for');
  });

  const bare: ConsentProps = {
    csrf: 'c',
    request: 'r',
    user: { email: 'ada@example.com' },
    client: { name: 'One', redirectHost: 'one.example', redirectKind: 'web', firstSeen: false },
    resource: { name: 'Notes', identifier: 'https://notes.example.com/mcp', listsTools: true },
    identity: [],
    scopes: [],
    withheld: [],
    otherAccountHref: '/login',
  };
});

describe('a refused form', () => {
  it('opens on what went wrong and says it with each field', () => {
    const html = page('sign-up-refused');
    expect(html).toMatch(/<div class="errors" id="errors" role="alert" tabindex="-1" autofocus[^>]*>/);
    const email = tagsOf(html, 'input').find((tag) => attribute(tag, 'name') === 'email');
    expect(email).toContain('aria-invalid="true"');
    expect(attribute(String(email), 'aria-describedby')).toBe('email-error');
    expect(html).toContain('<a href="#email">');
  });

  it('keeps the address and forgets the password', () => {
    const inputs = tagsOf(page('sign-in-refused'), 'input');
    const valueOf = (name: string) =>
      attribute(String(inputs.find((tag) => attribute(tag, 'name') === name)), 'value');
    expect(valueOf('email')).toBe('ada@example.com');
    expect(valueOf('password')).toBeUndefined();
  });

  it('says how long to wait, and blames no field', () => {
    const html = page('sign-in-later');
    expect(html).toContain('Try again in 6 minutes.');
    expect(html).not.toContain('aria-invalid');
  });
});
