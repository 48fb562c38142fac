import { PASSWORD, type Person } from '../support/harness.js';
import { type Browser, tickable, type Visit } from '../support/oauth.js';

/** Which of the consent's boxes stay ticked. */
export type Tick = (boxes: readonly string[]) => readonly string[];

/** A page where the client waited for its answer. */
export class PageShown extends Error {
  constructor(readonly page: Visit) {
    super(`${page.status}: ${/<h1>(.*?)<\/h1>/s.exec(page.text)?.[1] ?? page.text.slice(0, 500)}`);
  }
}

/**
 * A person follows a client's link, signs in when asked, and allows what is left ticked.
 *
 * @returns where the service sends the browser in the end.
 */
export async function throughPages(
  browser: Browser,
  person: Person,
  url: string,
  tick: Tick = (boxes) => boxes,
): Promise<string> {
  let page = await browser.go(url);
  if (page.location === null && page.text.includes('type="password"'))
    page = await browser.submit(page, { email: person.email, password: PASSWORD });
  if (page.location === null && page.text.includes('action="/consent"'))
    page = await browser.submit(page, { decision: 'allow', scope: [...tick(tickable(page))] });
  if (page.location === null) throw new PageShown(page);
  return page.location;
}
