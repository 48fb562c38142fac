import type { Run } from './run.js';

/** What is done with every client, in this order. */
export const STEPS = [
  'discovery',
  'registration',
  'first connect',
  'tool call',
  'own ways',
  'step-up',
  'refresh',
  'reconnect',
  'revocation',
] as const;
export type Step = (typeof STEPS)[number];

/** How a client becomes known to the service. */
export type Registration =
  | {
      readonly way: 'document';
      readonly clientId: string;
      /** Left out: the copy that is bundled with the service. */
      readonly document?: (keysUrl: string) => Record<string, unknown>;
    }
  | { readonly way: 'registration'; readonly body: Record<string, unknown> };

/** Something that this client alone does or needs. */
export interface OwnWay {
  /** For the table in docs/clients.md: an outcome. */
  readonly words: string;
  readonly check: (run: Run) => Promise<void>;
}

/** One MCP client as its source and docs show it: the same registration, redirect URI and quirks. */
export interface Script {
  readonly client: string;
  readonly registration: Registration;
  /** `{port}` stands for a port that it learns when it runs. */
  readonly redirectUri: string;
  readonly authMethod?: 'none' | 'client_secret_basic' | 'private_key_jwt';
  /** What it first sends to the MCP URL without a token. */
  readonly opensWith?: 'POST' | 'GET' | 'HEAD';
  /** Where it looks for the resource metadata: all of these must answer. */
  readonly resourceMetadata?: 'of the challenge' | 'both well-knowns';
  /** What it asks for at first; from the challenge when left out. */
  readonly scope?: (offered: {
    readonly challenge: string;
    readonly supported: readonly string[];
  }) => string | undefined;
  /** Appended to whatever it asks for. */
  readonly alsoAsks?: string;
  readonly state?: string;
  /** Sent to authorize beside the usual. */
  readonly authorize?: Readonly<Record<string, string>>;
  readonly omitsResource?: boolean;
  readonly ownWays?: readonly OwnWay[];
  /** Where it must fail, and what the page says there. */
  readonly fails?: { readonly at: Step; readonly page: readonly string[]; readonly why: string };
}
