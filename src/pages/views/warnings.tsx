import type { ComponentChildren } from 'preact';
import type { ConsentProps } from './consent-props.js';
import { Warning } from './marks.js';
import { Code } from './text.js';

function Caution({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section class="caution" aria-labelledby={id}>
      <h2 id={id}>
        <Warning /> {title}
      </h2>
      {children}
    </section>
  );
}

function ForDevice({ userCode }: { userCode: string }) {
  return (
    <Caution id="device-title" title="Does your own device show this code?">
      <p class="big-code">
        <Code of={userCode} />
      </p>
      <p>
        Go on only if a device in front of you shows the same code now. If somebody sent you the code or a
        link, deny: you would connect their device.
      </p>
    </Caution>
  );
}

function ForRedirect({ redirectKind, redirectHost }: ConsentProps['client']) {
  switch (redirectKind) {
    case 'web':
      return null;
    case 'loopback':
      return (
        <Caution id="redirect-title" title="Any program on this computer could be asking">
          <p>
            The answer goes to <Code of={redirectHost} />, which is this computer. Whichever program waits
            there gets it, under whatever name it likes. Go on only if you started it yourself just now.
          </p>
        </Caution>
      );
    case 'app':
      return (
        <Caution id="redirect-title" title="Any app on this device could be asking">
          <p>
            The answer goes to the app that opens <Code of={redirectHost} />, and other apps can claim that
            name. Go on only if you started this yourself just now, in an app you trust.
          </p>
        </Caution>
      );
  }
}

/** What must be known before a decision, next to who asks and before what is asked. */
export function Warnings({ client, device }: Pick<ConsentProps, 'client' | 'device'>) {
  return device ? <ForDevice userCode={device.userCode} /> : <ForRedirect {...client} />;
}
