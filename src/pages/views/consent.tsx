import type { ConsentProps } from './consent-props.js';
import { Hidden } from './form.js';
import { renderPage } from './layout.js';
import { Route } from './route.js';
import { Scopes, Withheld } from './scopes.js';
import { Code, Words } from './text.js';
import { Warnings } from './warnings.js';

function Identity({ identity }: Pick<ConsentProps, 'identity'>) {
  if (identity.length === 0) return null;
  return (
    <section aria-labelledby="identity-title">
      <h2 id="identity-title">About you, it will</h2>
      <ul class="identity">
        {identity.map(({ name, description }) => (
          <li key={name}>
            <Words of={description} /> <Code of={name} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Deny comes first: it is what an Enter pressed too early submits. */
function Decision({ user, otherAccountHref }: Pick<ConsentProps, 'user' | 'otherAccountHref'>) {
  return (
    <section class="part stub" id="decision" tabindex={-1} aria-labelledby="decision-title">
      <div class="stay">
        <h2 id="decision-title">Your decision</h2>
        <p>
          You decide as{' '}
          <strong>
            <Words of={user.email} />
          </strong>
          . <a href={otherAccountHref}>Use another account</a>
        </p>
        <div class="decision">
          <button class="button" type="submit" name="decision" value="deny">
            Deny
          </button>
          <button class="button primary" type="submit" name="decision" value="allow">
            Allow
          </button>
        </div>
        <p class="small">You can take this back at any time at /account.</p>
      </div>
    </section>
  );
}

export function consentPage(props: ConsentProps): string {
  const { client, resource, scopes } = props;
  return renderPage({
    title: 'Allow this connection?',
    wide: true,
    skip: { href: '#decision', label: 'Skip to your decision' },
    children: (
      <form class="permit" method="post" action={props.device ? '/device/decision' : '/consent'}>
        <Hidden fields={{ csrf: props.csrf, request: props.request }} />
        <div class="part">
          <h1>
            Let <Words of={client.name} or="a client without a name" /> use <Words of={resource.name} />?
          </h1>
          <Route client={client} resource={resource} device={props.device} />
          <Warnings client={client} device={props.device} />
          <Scopes scopes={scopes} resource={resource} />
          <Withheld withheld={props.withheld} />
          <Identity identity={props.identity} />
        </div>
        <Decision user={props.user} otherAccountHref={props.otherAccountHref} />
      </form>
    ),
  });
}
