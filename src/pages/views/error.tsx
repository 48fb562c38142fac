import { renderPage } from './layout.js';
import { Ending } from './marks.js';
import { Code, harmless, Words } from './text.js';

export interface ErrorProps {
  readonly title: string;
  /** What failed, in one or two sentences. */
  readonly what: string;
  readonly client?: string | undefined;
  /** How to mend it, a step each. */
  readonly mend: readonly string[];
  readonly code: string;
  readonly requestId: string;
  readonly details?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/** For errors that must not go back to the client, since its address is what failed (RFC 6749 section 4.1.2.1). */
export function errorPage(props: ErrorProps): string {
  const { title, client, mend, details = [] } = props;
  const facts = [
    ...details,
    { name: 'Error code', value: props.code },
    { name: 'Request', value: props.requestId },
  ];
  return renderPage({
    title,
    children: (
      <>
        <div class="part">
          <Ending gate="shut" />
          <h1>{harmless(title)}</h1>
          {client !== undefined && (
            <p class="lead">
              asked for by{' '}
              <strong>
                <Words of={client} />
              </strong>
            </p>
          )}
          <p>
            <Words of={props.what} />
          </p>
          {mend.length > 0 && (
            <section aria-labelledby="mend">
              <h2 id="mend">How to mend it</h2>
              <ul>
                {mend.map((step) => (
                  <li key={step}>
                    <Words of={step} />
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
        <section class="part" aria-labelledby="facts">
          <h2 id="facts">For whoever looks into it</h2>
          <dl class="facts">
            {facts.map(({ name, value }) => (
              <div key={name}>
                <dt>
                  <Words of={name} />
                </dt>
                <dd>
                  <Code of={value} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      </>
    ),
  });
}
