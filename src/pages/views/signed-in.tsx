import { Hidden } from './form.js';
import { renderPage } from './layout.js';
import { Ending } from './marks.js';
import { Words } from './text.js';

export interface SignedInProps {
  readonly email: string;
  readonly csrf: string;
}

export function signedInPage({ email, csrf }: SignedInProps): string {
  return renderPage({
    title: 'Signed in',
    children: (
      <>
        <div class="part">
          <Ending gate="open" />
          <h1>You are signed in</h1>
          <p class="lead">
            as{' '}
            <strong>
              <Words of={email} />
            </strong>
          </p>
          <p>
            There is nothing to do here. When a program asks to use a server in your name, this is where you
            decide.
          </p>
        </div>
        <div class="part">
          <form method="post" action="/logout">
            <Hidden fields={{ csrf }} />
            <button class="button" type="submit">
              Sign out
            </button>
          </form>
        </div>
      </>
    ),
  });
}
