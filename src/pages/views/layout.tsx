import { createHash } from 'node:crypto';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { Gate } from './marks.js';
import { STYLE } from './style.js';
import { harmless } from './text.js';

/** For the Content-Security-Policy's style-src: this style and no other. The pages have no script, image or font. */
export const PAGE_STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

interface Page {
  /** Ours, never a name from outside: a title has no markup that could keep one apart. */
  readonly title: string;
  readonly children: ComponentChildren;
  readonly wide?: boolean;
  readonly skip?: { readonly href: string; readonly label: string };
}

/** Every page is a ticket: a band with the name, then parts that a perforation holds together. */
export function renderPage({ title, children, wide = false, skip }: Page): string {
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        {/* Under `no-referrer` browsers post forms with `Origin: null` (Fetch, "append a request Origin header"). */}
        <meta name="referrer" content="same-origin" />
        <title>{`${harmless(title)} - Toolgate`}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        {skip && (
          <a class="skip" href={skip.href}>
            {skip.label}
          </a>
        )}
        <div class={wide ? 'ticket wide' : 'ticket'}>
          <header class="band">
            <p>
              <Gate /> Toolgate
            </p>
          </header>
          <main>{children}</main>
        </div>
      </body>
    </html>
  );
  return `<!doctype html>${renderToString(page)}`;
}
