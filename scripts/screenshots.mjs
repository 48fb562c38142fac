/**
 * Every page of src/pages/views as people see it, into docs/pages/: light and dark, phone and desktop, no JavaScript.
 * Then axe looks at each in both schemes, and a page that is wider than its window counts as broken.
 * Needs Debian's chromium. `--check` looks without writing.
 */
import axe from 'axe-core';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { ensureBuilt, ensureInstalled, root } from './install.mjs';

await ensureInstalled();
await ensureBuilt();
const { EXAMPLES } = await import('../dist/src/pages/views/examples.js');

const SCHEMES = ['light', 'dark'];
const WINDOWS = { phone: { width: 390, height: 780 }, desktop: { width: 1120, height: 760 } };
/** The narrowest that WCAG 1.4.10 asks for. */
const NARROW = { width: 320, height: 640 };
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
FLAGS.push('--disable-background-networking', '--disable-component-update', '--disable-sync');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const PLAIN = `.part { background: var(--card) !important } .band { background: var(--band) !important }
  .part::before { content: none !important }`;

/** The other examples are for the checks alone. */
const PICTURED = new Set([
  ...[
    'sign-in',
    'sign-in-refused',
    'sign-up',
    'consent',
    'consent-loopback',
    'consent-app',
    'consent-device',
  ],
  ...['device-code', 'device-allowed', 'device-denied', 'error', 'signed-in', 'signed-out'],
]);
const COLOURS = 32;

const check = process.argv.includes('--check');
const folder = join(root, 'docs', 'pages');
const findings = [];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

async function open(options) {
  const context = await browser.newContext({ reducedMotion: 'reduce', offline: true, ...options });
  return { context, page: await context.newPage() };
}

/** Runs in a page: the picture's pixels as indices into a palette of its commonest colours. */
async function toIndices({ source, colours }) {
  const { Image, TextDecoder, document } = globalThis;
  const image = Object.assign(new Image(), { src: source });
  await image.decode();
  const { width, height } = image;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const brush = canvas.getContext('2d');
  brush.drawImage(image, 0, 0);
  const { data } = brush.getImageData(0, 0, width, height);
  const colourAt = (at) => (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1);
  const distance = (a, b) =>
    [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2, 0);
  const palette = [];
  for (const [colour] of [...counts].sort((a, b) => b[1] - a[1]))
    if (palette.length < colours && palette.every((other) => distance(colour, other) > 150))
      palette.push(colour);
  const nearest = new Map();
  for (const colour of counts.keys()) {
    const distances = palette.map((other) => distance(colour, other));
    nearest.set(colour, distances.indexOf(Math.min(...distances)));
  }
  const indices = new Uint8Array(width * height);
  // As letters from '0' on, which travel out of the page as they are.
  for (let pixel = 0; pixel < indices.length; pixel += 1)
    indices[pixel] = 48 + nearest.get(colourAt(pixel * 4));
  return { width, height, palette, letters: new TextDecoder().decode(indices) };
}

const chunk = (type, body) => {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(body.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
};

/** Where pictures are reduced: the pages themselves have no JavaScript. */
const { page: desk } = await open({});

/** The same picture with few colours, at a third of the size. */
async function small(png) {
  const source = `data:image/png;base64,${png.toString('base64')}`;
  const { width, height, palette, letters } = await desk.evaluate(toIndices, { source, colours: COLOURS });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const indices = Buffer.from(letters, 'latin1').map((letter) => letter - 48);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1)
    lines.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk(
      'PLTE',
      Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])),
    ),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Script-free, as visitors get it; what does not fit is measured from outside the page. */
async function shoot(scheme, device, viewport) {
  const { context, page } = await open({ colorScheme: scheme, viewport, javaScriptEnabled: false });
  const session = await context.newCDPSession(page);
  for (const [name, render] of Object.entries(EXAMPLES)) {
    await page.setContent(render());
    const { cssContentSize } = await session.send('Page.getLayoutMetrics');
    if (cssContentSize.width > viewport.width)
      findings.push(`${name}: ${cssContentSize.width} px wide in ${viewport.width}`);
    if (device === undefined || check) continue;
    if (!PICTURED.has(name)) continue;
    const picture = await page.screenshot({ fullPage: true, animations: 'disabled' });
    writeFileSync(join(folder, `${name}.${device}.${scheme}.png`), await small(picture));
  }
  await context.close();
}

async function audit(scheme, viewport) {
  const { context, page } = await open({ colorScheme: scheme, viewport });
  for (const [name, render] of Object.entries(EXAMPLES)) {
    await page.setContent(render());
    // axe measures contrast on plain grounds only, and sees only what is unfolded.
    await page.addStyleTag({ content: PLAIN });
    await page.evaluate(() =>
      globalThis.document.querySelectorAll('details').forEach((one) => (one.open = true)),
    );
    await page.evaluate(axe.source);
    const { violations, incomplete } = await page.evaluate(
      (tags) => globalThis.axe.run({ runOnly: { type: 'tag', values: tags } }),
      TAGS,
    );
    for (const { id, help, nodes } of [...violations, ...incomplete])
      findings.push(
        `${name} (${scheme}): ${id}, ${help}\n    ${nodes.map(({ html }) => html).join('\n    ')}`,
      );
  }
  await context.close();
}

try {
  mkdirSync(folder, { recursive: true });
  for (const scheme of SCHEMES) {
    for (const [device, viewport] of Object.entries(WINDOWS)) {
      await shoot(scheme, device, viewport);
      await audit(scheme, viewport);
    }
  }
  await shoot('light', undefined, NARROW);
} finally {
  await browser.close();
}
for (const finding of findings) console.error(finding);
console.log(`${Object.keys(EXAMPLES).length} pages, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
