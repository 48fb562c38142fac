import { randomBytes } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { rememberSecret } from './credentials.js';
import { PASSWORD } from './harness.js';

export const freshEmail = () => `p${randomBytes(6).toString('hex')}@example.com`;
export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
export const heading = (page: Page) => page.getByRole('heading', { level: 1 }).innerText();

export async function enter(page: Page, email: string, password: string, press: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await button(page, press).click();
}

export async function signUp(page: Page, email = freshEmail()): Promise<string> {
  await page.getByRole('link', { name: 'Make one' }).click();
  await enter(page, email, PASSWORD, 'Make the account');
  return email;
}

/** Presses, and gives the code that goes there. What the policy blocks is never requested. */
export async function leaving(page: Page, redirectUri: string, press: string): Promise<string | null> {
  const request = page.waitForRequest((sent) => sent.url().startsWith(`${redirectUri}?`));
  await button(page, press).click();
  const code = new URL((await request).url()).searchParams.get('code');
  if (code !== null) rememberSecret(code);
  return code;
}

export const focused = async (page: Page, target: Locator) =>
  (await target.and(page.locator(':focus')).count()) === 1;

export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    if (await focused(page, target)) return;
  }
  throw new Error(`Tab never came to ${target.toString()}`);
}
