import type { AskingClient, ConsentProps } from './consent-props.js';
import { Code, Words } from './text.js';

/** Another site than the one that vouches for the client is not wrong, but worth a look. */
function kindOf({ redirectKind, redirectHost, idHost }: AskingClient): string {
  switch (redirectKind) {
    case 'loopback':
      return 'a program on this computer, not a website';
    case 'app':
      return 'an app on this device, not a website';
    case 'web':
      return idHost === undefined || idHost === redirectHost ? 'a website' : `a website other than ${idHost}`;
  }
}

function Asker({ client }: { client: AskingClient }) {
  const { idHost, uri, firstSeen } = client;
  return (
    <dd>
      <p class="stop-name">
        <Words of={client.name} or="A client without a name" />
      </p>
      <p>
        {idHost === undefined ? (
          'It gave itself this name; nobody has checked it.'
        ) : (
          <>
            identified by <Code of={idHost} />
          </>
        )}
      </p>
      {uri !== undefined && (
        <p>
          says its page is <Code of={uri} />
        </p>
      )}
      {firstSeen && (
        <p class="first">
          <strong>First time:</strong> you have not allowed this client before.
        </p>
      )}
    </dd>
  );
}

/** The journey on the ticket: who asks, for which server, and where the answer is sent. */
export function Route({ client, resource, device }: Pick<ConsentProps, 'client' | 'resource' | 'device'>) {
  return (
    <dl class="route">
      <div>
        <dt>From</dt>
        <Asker client={client} />
      </div>
      <div>
        <dt>To the server</dt>
        <dd>
          <p class="stop-name">
            <Words of={resource.name} />
          </p>
          <p>
            <Code of={resource.identifier} />
          </p>
        </dd>
      </div>
      <div>
        <dt>The answer goes to</dt>
        <dd>
          <p class="stop-name">{device ? 'Your device' : <Code of={client.redirectHost} />}</p>
          <p>{device ? 'the one that shows the code below' : <Words of={kindOf(client)} />}</p>
        </dd>
      </div>
    </dl>
  );
}
