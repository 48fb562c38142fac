export type ToolKind = 'read' | 'write' | 'destructive';

export interface OfferedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: ToolKind;
}

export interface OfferedScope {
  readonly name: string;
  readonly description: string;
  readonly checked: boolean;
  /** It reaches further than its tools of today: a rung of the ladder. */
  readonly broad: boolean;
  readonly tools: readonly OfferedTool[];
}

export interface AskingClient {
  readonly name: string;
  /** The host of the client id if that is a URL, which makes the name checkable; else the name is only a claim. */
  readonly idHost?: string | undefined;
  readonly uri?: string | undefined;
  readonly redirectHost: string;
  readonly redirectKind: 'web' | 'loopback' | 'app';
  /** This person has not allowed this client before. */
  readonly firstSeen: boolean;
}

export interface ConsentProps {
  readonly csrf: string;
  readonly request: string;
  readonly user: { readonly email: string };
  readonly client: AskingClient;
  readonly resource: {
    readonly name: string;
    readonly identifier: string;
    /** An operator may have entered a server without its tools. */
    readonly listsTools: boolean;
  };
  /** What the client learns about the person. */
  readonly identity: readonly { readonly name: string; readonly description: string }[];
  readonly scopes: readonly OfferedScope[];
  /** Asked for as well, but not this person's to give. */
  readonly withheld: readonly string[];
  readonly otherAccountHref: string;
  /** The device flow: the code that the device must show too. */
  readonly device?: { readonly userCode: string } | undefined;
}
