import { PageError } from '../errors/oauth-error.js';
import type { SettledOutcome } from '../users/upstream-identities.repository.js';
import type { AuthorizationAnswer } from './authorization-answer.js';
import type { UpstreamError } from './upstream-error.js';

const AGAIN = 'Go back to the app, or to the sign-in page, and begin again. Allow cookies for this site.';

/** Replayed, too old, of another browser or another provider: which one is nobody's business. */
export const staleSignIn = () =>
  new PageError('stale_sign_in', {
    title: 'This sign-in cannot be finished',
    what: 'It was finished before, took longer than ten minutes, or was begun in another browser.',
    mend: [AGAIN],
  });

/** Text from a stranger: short, one line, and shown as their words. */
const quoted = (text: string) => text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300);

export function providerSaid(name: string, { error = '', errorDescription }: AuthorizationAnswer): PageError {
  const declined = error === 'access_denied';
  return new PageError(declined ? 'sign_in_declined' : 'provider_error', {
    title: declined ? `You are not signed in with ${name}` : `${name} did not sign you in`,
    what: declined ? `The sign-in was stopped at ${name}.` : `${name} answered with an error.`,
    mend: [
      'Begin again, or sign in another way.',
      ...(declined ? [] : ['If it stays, show this page to whoever runs this service.']),
    ],
    details: [
      { name: 'error', value: quoted(error) },
      ...(errorDescription === undefined ? [] : [{ name: 'description', value: quoted(errorDescription) }]),
    ],
  });
}

export function providerFailed(name: string, { kind }: UpstreamError): PageError {
  if (kind === 'unreachable')
    return new PageError(
      'provider_unreachable',
      {
        title: `${name} does not answer`,
        what: `Signing in with ${name} is not possible right now.`,
        mend: ['Try again in a minute, or sign in another way.'],
      },
      503,
    );
  return new PageError('provider_refused', {
    title: `What ${name} answered could not be trusted`,
    what: 'Its answer did not pass our checks, so you were not signed in.',
    mend: [
      'Begin again from the sign-in page.',
      'If it stays, whoever runs this service finds the reason in its log.',
    ],
  });
}

type Refusal = Extract<SettledOutcome, 'address_taken' | 'no_address' | 'disabled'>;

export function notSettled(name: string, outcome: Refusal): PageError {
  switch (outcome) {
    case 'address_taken':
      return new PageError('address_taken', {
        title: 'There is an account with this e-mail address already',
        what: `${name} did not vouch that the address is yours, so it does not open that account.`,
        mend: [
          'Sign in with the password of that account, or the way you did before.',
          `Or confirm your address at ${name} and begin again.`,
        ],
      });
    case 'no_address':
      return new PageError('no_address', {
        title: 'An e-mail address is needed',
        what: `${name} told us none that we can use.`,
        mend: [`Add an e-mail address to your account at ${name}, let it be shared, and begin again.`],
      });
    case 'disabled':
      return new PageError(
        'account_disabled',
        {
          title: 'This account is disabled',
          what: 'Nobody can sign in to it at the moment.',
          mend: ['Ask whoever runs this service.'],
        },
        403,
      );
  }
}
