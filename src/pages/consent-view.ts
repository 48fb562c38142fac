import type { ScopeRules } from '../access/scope-rules.js';
import { IDENTITY_SCOPES, LADDER_SCOPES, type Scope } from '../access/scopes.js';
import { type Client, nameOf } from '../oauth/clients/client.js';
import { redirectHost, redirectKind } from '../oauth/clients/redirect-uri.js';
import { describeScope, type Resource } from '../resources/resource.js';
import type { AskingClient, ConsentProps } from './views/consent-props.js';

/** Who asks, with what can be checked about them (spec S26). Without a redirect it is a device. */
export function askingClient(
  client: Client,
  redirectUri: string | undefined,
  firstSeen: boolean,
): AskingClient {
  const { clientId, source, metadata } = client;
  return {
    name: nameOf(client),
    ...(source === 'document' && { idHost: new URL(clientId).host }),
    ...(metadata.client_uri !== undefined && { uri: metadata.client_uri }),
    redirectHost: redirectUri === undefined ? 'a device' : redirectHost(redirectUri),
    redirectKind: redirectUri === undefined ? 'app' : redirectKind(redirectUri),
    firstSeen,
  };
}

/** What was asked for and is not this person's to give. What a client learns of them always is. */
export function withheld(asked: readonly Scope[], held: readonly Scope[], rules: ScopeRules): Scope[] {
  return rules.missing(
    held,
    asked.filter((scope) => !IDENTITY_SCOPES.includes(scope)),
  );
}

/** How the page speaks of the server. */
export const askedResource = ({ name, identifier, tools }: Resource): ConsentProps['resource'] => ({
  name,
  identifier,
  listsTools: tools.length > 0,
});

/** What it would let the client do, tool by tool: a tool stands under each scope that is one of those it needs. */
export function offered(
  resource: Resource,
  scopes: readonly Scope[],
  rules: ScopeRules,
): Pick<ConsentProps, 'identity' | 'scopes'> {
  const narrow = scopes.some((scope) => !LADDER_SCOPES.includes(scope) && !IDENTITY_SCOPES.includes(scope));
  const describe = (name: Scope) => ({ name, description: describeScope(resource, name) });
  return {
    identity: scopes.filter((scope) => IDENTITY_SCOPES.includes(scope)).map(describe),
    scopes: scopes
      .filter((scope) => !IDENTITY_SCOPES.includes(scope))
      .map((scope) => ({
        ...describe(scope),
        // Some clients ask for all there is: what is broad stays off unless it is all that was asked for.
        checked: !LADDER_SCOPES.includes(scope) || !narrow,
        broad: LADDER_SCOPES.includes(scope),
        tools: resource.tools.filter((tool) => tool.scopes.some((needed) => rules.covers(scope, needed))),
      })),
  };
}
