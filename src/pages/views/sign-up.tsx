import { ErrorSummary, Field, Hidden } from './form.js';
import { renderPage } from './layout.js';
import { Words } from './text.js';

type FieldName = 'name' | 'email' | 'password';

export interface SignUpProps {
  readonly continueTo: string;
  readonly csrf: string;
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly errors?: Readonly<Partial<Record<FieldName | 'form', string | undefined>>> | undefined;
  /** How to make the password stronger. */
  readonly advice?: readonly string[] | undefined;
  readonly signInHref: string;
}

const LABELS: Record<FieldName, string> = {
  name: 'Name (optional)',
  email: 'E-mail address',
  password: 'Password',
};
const FIELDS: readonly FieldName[] = ['name', 'email', 'password'];

function Summary({ errors }: { errors: NonNullable<SignUpProps['errors']> }) {
  const wrong = FIELDS.filter((name) => errors[name] !== undefined);
  return (
    <ErrorSummary title={errors.form ?? 'The account was not made'}>
      {wrong.length > 0 && (
        <ul>
          {wrong.map((name) => (
            <li key={name}>
              <a href={`#${name}`}>
                {LABELS[name]}: <Words of={errors[name] ?? ''} />
              </a>
            </li>
          ))}
        </ul>
      )}
    </ErrorSummary>
  );
}

function PasswordHint({ advice }: { advice: readonly string[] }) {
  return (
    <>
      <p>At least 8 characters. Several unrelated words make a good one.</p>
      {advice.length > 0 && (
        <ul>
          {advice.map((line) => (
            <li key={line}>
              <Words of={line} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

export function signUpPage(props: SignUpProps): string {
  const { advice = [] } = props;
  const errors = props.errors ?? {};
  const failed = Object.values(errors).some((text) => text !== undefined);
  return renderPage({
    title: failed ? 'Error: Make an account' : 'Make an account',
    children: (
      <div class="part">
        <h1>Make an account</h1>
        {failed && <Summary errors={errors} />}
        <form method="post" action="/signup">
          <Hidden fields={{ csrf: props.csrf, continue: props.continueTo }} />
          <Field
            name="name"
            label={LABELS.name}
            value={props.name}
            autocomplete="name"
            required={false}
            error={errors.name}
          />
          <Field
            name="email"
            label={LABELS.email}
            type="email"
            value={props.email}
            autocomplete="username"
            error={errors.email}
          />
          <Field
            name="password"
            label={LABELS.password}
            type="password"
            autocomplete="new-password"
            error={errors.password}
            hint={<PasswordHint advice={advice} />}
          />
          <button class="button primary" type="submit">
            Make the account
          </button>
        </form>
        <p class="aside">
          You have one? <a href={props.signInHref}>Sign in</a>
        </p>
      </div>
    ),
  });
}
