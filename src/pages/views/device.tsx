import { ErrorSummary, Field, Hidden } from './form.js';
import { renderPage } from './layout.js';
import { Ending } from './marks.js';
import { Words } from './text.js';

export interface DeviceCodeProps {
  readonly csrf: string;
  readonly userCode?: string | undefined;
  readonly error?: string | undefined;
}

export function deviceCodePage({ csrf, userCode, error }: DeviceCodeProps): string {
  return renderPage({
    title: error === undefined ? 'Connect a device' : 'Error: Connect a device',
    children: (
      <div class="part">
        <h1>Connect a device</h1>
        {error !== undefined && (
          <ErrorSummary title="That code did not work">
            <p>
              <a href="#user_code">
                <Words of={error} />
              </a>
            </p>
          </ErrorSummary>
        )}
        <form method="post" action="/device">
          <Hidden fields={{ csrf }} />
          <Field
            name="user_code"
            label="The code your device shows"
            value={userCode}
            autocomplete="off"
            error={error}
            code
            hint={<p>Only enter a code from a device in front of you. Nobody has reason to send you one.</p>}
          />
          <button class="button primary" type="submit">
            Go on
          </button>
        </form>
      </div>
    ),
  });
}

export interface DeviceDoneProps {
  readonly outcome: 'allowed' | 'denied';
  readonly clientName: string;
}

export function deviceDonePage({ outcome, clientName }: DeviceDoneProps): string {
  const allowed = outcome === 'allowed';
  return renderPage({
    title: allowed ? 'Device connected' : 'Device refused',
    children: (
      <>
        <div class="part">
          <Ending gate={allowed ? 'open' : 'shut'} />
          <h1>{allowed ? 'Your device is connected' : 'You said no'}</h1>
          <p class="lead">
            <strong>
              <Words of={clientName} or="The client" />
            </strong>{' '}
            {allowed ? 'goes on by itself in a moment.' : 'got nothing.'}
          </p>
        </div>
        <div class="part">
          <p>You can close this page and go back to your device.</p>
        </div>
      </>
    ),
  });
}
