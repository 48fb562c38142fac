import type { ConsentProps, OfferedScope, OfferedTool, ToolKind } from './consent-props.js';
import { KindMark } from './marks.js';
import { Code, Words } from './text.js';

/** What can do most harm first, so that a long list folds away only the mildest. */
const KINDS: readonly ToolKind[] = ['destructive', 'write', 'read'];
const MEANING: Record<ToolKind, string> = {
  read: 'looks and changes nothing',
  write: 'adds or changes things',
  destructive: 'may delete or overwrite for good',
};
const SHOWN = 8;

/** `3 tools: 1 destructive, 2 read` */
function summary(tools: readonly OfferedTool[], what: string): string {
  const counts = KINDS.map((kind) => ({ kind, number: tools.filter((tool) => tool.kind === kind).length }));
  const present = counts.filter(({ number }) => number > 0);
  const noun = `${tools.length} ${what}${tools.length === 1 ? '' : 's'}`;
  return present.length === 1
    ? `${noun}, ${tools.length === 1 ? '' : 'all '}${present.map(({ kind }) => kind).join('')}`
    : `${noun}: ${present.map(({ kind, number }) => `${number} ${kind}`).join(', ')}`;
}

function Tools({ tools }: { tools: readonly OfferedTool[] }) {
  return (
    <ul class="tools">
      {tools.map((tool) => (
        <li key={tool.name}>
          <KindMark kind={tool.kind} />
          <div>
            <p>
              <strong>
                <Words of={tool.title} or={tool.name} />
              </strong>{' '}
              <Code of={tool.name} />
            </p>
            <p>
              <Words of={tool.description} or="no description" />
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Scope({ scope, id, listsTools }: { scope: OfferedScope; id: string; listsTools: boolean }) {
  const tools = KINDS.flatMap((kind) => scope.tools.filter((tool) => tool.kind === kind));
  const folded = tools.slice(SHOWN);
  return (
    <li class="scope">
      <div class="tick">
        <input
          type="checkbox"
          id={id}
          name="scope"
          value={scope.name}
          checked={scope.checked}
          aria-describedby={`${id}-reach`}
        />
        <label for={id}>
          <Words of={scope.description} /> <Code of={scope.name} />
        </label>
      </div>
      <p class={scope.broad ? 'reach broad' : 'reach'} id={`${id}-reach`}>
        {scope.broad && <strong>Broad: it also covers tools that are added later.</strong>}
        {tools.length > 0
          ? summary(tools, 'tool')
          : listsTools
            ? 'No tool needs it today.'
            : 'This server does not say which of its tools need it.'}
      </p>
      <Tools tools={tools.slice(0, SHOWN)} />
      {folded.length > 0 && (
        <details>
          <summary>{summary(folded, 'more tool')}</summary>
          <Tools tools={folded} />
        </details>
      )}
    </li>
  );
}

function Legend({ scopes }: { scopes: readonly OfferedScope[] }) {
  const present = KINDS.filter((kind) =>
    scopes.some(({ tools }) => tools.some((tool) => tool.kind === kind)),
  );
  return (
    <dl class="legend">
      {present.map((kind) => (
        <div key={kind}>
          <dt>
            <KindMark kind={kind} />
          </dt>
          <dd>{MEANING[kind]}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Without a word of it, a client that comes again for the same scope would look broken. */
export function Withheld({ withheld }: Pick<ConsentProps, 'withheld'>) {
  if (withheld.length === 0) return null;
  return (
    <p>
      It also asked for <Code of={withheld.join(' ')} />, which your account does not have to give.
    </p>
  );
}

/** One box to tick for each scope, and under it every tool that it opens. */
export function Scopes({ scopes, resource }: Pick<ConsentProps, 'scopes' | 'resource'>) {
  if (scopes.length === 0) return <p>It asks for no tool.</p>;
  return (
    <fieldset class="scopes">
      <legend>
        <h2>On the server, it could</h2>
      </legend>
      <p>Untick what you do not want to give.</p>
      <Legend scopes={scopes} />
      <ul class="plain">
        {scopes.map((scope, index) => (
          <Scope key={scope.name} scope={scope} id={`scope-${index}`} listsTools={resource.listsTools} />
        ))}
      </ul>
    </fieldset>
  );
}
