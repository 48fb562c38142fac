import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'] as const;
const WINDOWS = { phone: { width: 390, height: 780 }, desktop: { width: 1120, height: 760 } };
/** axe measures contrast on plain grounds only. */
const PLAIN = `.part { background: var(--card) !important } .band { background: var(--band) !important }
  .part::before { content: none !important }`;
const UNFOLD = `document.querySelectorAll('details').forEach((one) => { one.open = true })`;
const WIDTH = 'document.documentElement.scrollWidth';

/** What axe finds on the page as it stands, in both schemes and at both widths; what it cannot tell counts as found. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.addStyleTag({ content: PLAIN });
  await page.evaluate(UNFOLD);
  await page.evaluate(axe.source);
  const findings: string[] = [];
  for (const colorScheme of SCHEMES)
    for (const [device, size] of Object.entries(WINDOWS)) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      const wide = (await page.evaluate<number>(WIDTH)) > size.width ? ['wider than its window'] : [];
      const run = `axe.run({ runOnly: { type: 'tag', values: ${JSON.stringify(TAGS)} } })`;
      const { violations, incomplete } = await page.evaluate<AxeResults>(run);
      const found = [...violations, ...incomplete].map(
        ({ id, help, nodes }) => `${id}, ${help}: ${nodes.map(({ html }) => html).join(' ')}`,
      );
      const where = `${await page.title()} at ${new URL(page.url()).pathname}, ${colorScheme} ${device}`;
      findings.push(...[...wide, ...found].map((what) => `${where}: ${what}`));
    }
  return findings;
}
