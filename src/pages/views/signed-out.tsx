import { renderPage } from './layout.js';
import { Ending } from './marks.js';

export function signedOutPage({ signInHref }: { readonly signInHref: string }): string {
  return renderPage({
    title: 'Signed out',
    children: (
      <>
        <div class="part">
          <Ending gate="shut" />
          <h1>You are signed out</h1>
          <p>
            This browser no longer speaks for you. Programs that you allowed stay connected until you revoke
            them.
          </p>
        </div>
        <div class="part">
          <a class="button" href={signInHref}>
            Sign in again
          </a>
        </div>
      </>
    ),
  });
}
