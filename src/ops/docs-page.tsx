import { createHash } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { renderToString } from 'preact-render-to-string';
import { type Operation, operations } from './openapi.js';

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d9dce3, #333a47); --soft: light-dark(#f5f6f9, #1b2029); --accent: light-dark(#1b5fc1, #8ab8ff); }
* { box-sizing: border-box }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: light-dark(#fff, #12161d); color: light-dark(#1a1f2b, #e4e8ef) }
a { color: var(--accent) } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; top: 1rem; background: var(--soft); padding: .5rem }
nav ul { columns: 18rem; padding: 0; list-style: none }
article { border-top: 1px solid var(--line); padding: 1rem 0 }
code, pre { font: 14px/1.5 ui-monospace, monospace } pre { background: var(--soft); padding: .8rem; overflow-x: auto; border-radius: .4rem }
.method { font-weight: 700; color: var(--accent) }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top }
`;

/** For the Content-Security-Policy: this style and no other, and no script at all. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

interface Field {
  readonly type?: string | string[];
  readonly description?: string;
  readonly example?: unknown;
  readonly examples?: unknown[];
}
interface Shape {
  readonly properties?: Record<string, Field>;
  readonly required?: string[];
  readonly anyOf?: Shape[];
}

/** The object behind a schema: an optional body is `anyOf [object, null]`. */
const shapeOf = (operation: Operation): Shape | undefined => {
  const schema = operation.requestBody?.content['application/json']?.schema as Shape | undefined;
  return schema?.anyOf?.find((one) => one.properties) ?? schema;
};

function curl(server: string, method: string, path: string, operation: Operation): string {
  const shape = shapeOf(operation);
  const body = Object.fromEntries(
    Object.entries(shape?.properties ?? {})
      .filter(([name]) => shape?.required?.includes(name))
      .map(([name, field]) => [name, field.example ?? field.examples?.[0] ?? '...']),
  );
  return [
    `curl -s${method === 'GET' ? '' : ` -X ${method}`} ${server}${path}`,
    ...(operation.security?.length ? [`-H "Authorization: Bearer $TOKEN"`] : []),
    ...(operation.requestBody ? [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body)}'`] : []),
  ].join(' \\\n  ');
}

function Fields({ operation }: { operation: Operation }) {
  const shape = shapeOf(operation);
  if (!shape?.properties) return null;
  return (
    <table>
      <thead>
        <tr>
          <th>Field</th>
          <th>Type</th>
          <th>Meaning</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(shape.properties).map(([name, field]) => (
          <tr key={name}>
            <td>
              <code>{name}</code>
              {shape.required?.includes(name) ? '' : ' (optional)'}
            </td>
            <td>{[field.type ?? 'any'].flat().join(' or ')}</td>
            <td>{field.description ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The API reference as one page: readable without a script, by keyboard, on a phone, in the dark. */
export function docsPage(document: OpenAPIObject): string {
  const all = operations(document).map((one) => ({
    ...one,
    anchor: `${one.method}${one.path}`.replace(/[^A-Za-z0-9]+/g, '-'),
  }));
  const server = document.servers?.[0]?.url ?? '';
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Toolgate API</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <a class="skip" href="#operations">
          Skip to the operations
        </a>
        <header>
          <h1>Toolgate API {document.info.version}</h1>
          <p>
            {document.info.description} Machine-readable: <a href="/openapi.json">OpenAPI 3.1</a>.
          </p>
        </header>
        <nav aria-label="Operations">
          <ul>
            {all.map(({ method, path, anchor }) => (
              <li key={anchor}>
                <a href={`#${anchor}`}>
                  {method} {path}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main id="operations">
          {all.map(({ method, path, operation, anchor }) => (
            <article key={anchor} id={anchor}>
              <h2>
                <span class="method">{method}</span> <code>{path}</code>
              </h2>
              <p>
                {operation.summary}. {operation.security?.length ? 'Needs a credential' : 'Open to all'}
                {operation['x-required-scopes'] ? ` with ${operation['x-required-scopes'].join(' ')}` : ''}.
              </p>
              <Fields operation={operation} />
              <pre tabindex={0}>
                <code>{curl(server, method, path, operation)}</code>
              </pre>
              <ul>
                {Object.entries(operation.responses).map(([status, { description }]) => (
                  <li key={status}>
                    <code>{status}</code> {description}
                  </li>
                ))}
              </ul>
            </article>
          ))}
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${renderToString(page)}`;
}
