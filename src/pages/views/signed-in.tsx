import { Hidden } from './form.js';
import { renderPage } from './layout.js';
import { Ending } from './marks.js';
import { Code, Words } from './text.js';

export interface AllowedClient {
  readonly grantId: string;
  readonly name: string;
  readonly resource: string;
  readonly scopes: readonly string[];
}

export interface SignedInProps {
  readonly email: string;
  readonly csrf: string;
  readonly clients: readonly AllowedClient[];
}

function Client({ client, csrf }: { client: AllowedClient; csrf: string }) {
  const { grantId, name, resource, scopes } = client;
  return (
    <li class="allowed">
      <h3>
        <Words of={name} />
      </h3>
      <p>
        at <Code of={resource} />
      </p>
      <p class="small">
        <Words of={scopes.join(' ')} or="nothing" />
      </p>
      <form method="post" action="/account/revoke">
        <Hidden fields={{ csrf, grant: grantId }} />
        <button class="button" type="submit">
          Take back from <Words of={name} />
        </button>
      </form>
    </li>
  );
}

/** Who is signed in, what they allowed, and the way to take it back. */
export function signedInPage({ email, csrf, clients }: SignedInProps): string {
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
        </div>
        <section class="part" aria-labelledby="allowed-title">
          <h2 id="allowed-title">What you allowed</h2>
          {clients.length === 0 ? (
            <p>Nothing yet. When a program asks to use a server in your name, this is where you decide.</p>
          ) : (
            <ul class="plain">
              {clients.map((client) => (
                <Client key={client.grantId} client={client} csrf={csrf} />
              ))}
            </ul>
          )}
        </section>
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
