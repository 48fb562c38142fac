import { ErrorSummary, Field, Hidden } from './form.js';
import { renderPage } from './layout.js';
import { Words } from './text.js';

/** Why someone is asked to sign in: which client wants to reach which server. */
export interface Errand {
  readonly name: string;
  readonly resource: string;
}

export interface SignInProps {
  readonly continueTo: string;
  readonly csrf: string;
  readonly email?: string | undefined;
  readonly error?: string | undefined;
  /** Seconds until another attempt is taken. */
  readonly retryAfter?: number | undefined;
  readonly providers: readonly { readonly id: string; readonly name: string; readonly href: string }[];
  readonly signUpHref?: string | undefined;
  readonly client?: Errand | undefined;
}

/** Whole minutes above a minute and a half; nobody counts 340 seconds. */
function wait(seconds: number): string {
  if (seconds > 90) return `${Math.ceil(seconds / 60)} minutes`;
  return seconds === 1 ? '1 second' : `${Math.ceil(seconds)} seconds`;
}

function Providers({ providers }: Pick<SignInProps, 'providers'>) {
  if (providers.length === 0) return null;
  return (
    <section class="part providers" aria-labelledby="providers-title">
      <h2 id="providers-title">Or use an account you have</h2>
      <ul class="plain">
        {providers.map(({ id, name, href }) => (
          <li key={id}>
            <a class="button" href={href}>
              Continue with <Words of={name} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function signInPage(props: SignInProps): string {
  const { client, error, retryAfter, signUpHref } = props;
  const refused = error !== undefined && retryAfter === undefined;
  const about = error !== undefined || retryAfter !== undefined ? 'errors' : undefined;
  return renderPage({
    title: about ? 'Error: Sign in' : 'Sign in',
    children: (
      <>
        <div class="part">
          <h1>Sign in</h1>
          {client && (
            <p class="lead">
              to connect{' '}
              <strong>
                <Words of={client.name} />
              </strong>{' '}
              to{' '}
              <strong>
                <Words of={client.resource} />
              </strong>
            </p>
          )}
          {about && (
            <ErrorSummary title={error ?? 'Too many attempts'}>
              {retryAfter !== undefined && <p>Try again in {wait(retryAfter)}.</p>}
            </ErrorSummary>
          )}
          <form method="post" action="/login">
            <Hidden fields={{ csrf: props.csrf, continue: props.continueTo }} />
            <Field
              name="email"
              label="E-mail address"
              type="email"
              value={props.email}
              autocomplete="username"
              invalid={refused}
              describedBy={about}
            />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="current-password"
              invalid={refused}
              describedBy={about}
            />
            <button class="button primary" type="submit">
              Sign in
            </button>
          </form>
          {signUpHref !== undefined && (
            <p class="aside">
              No account yet? <a href={signUpHref}>Make one</a>
            </p>
          )}
        </div>
        <Providers providers={props.providers} />
      </>
    ),
  });
}
