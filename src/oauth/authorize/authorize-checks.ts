import { parseScope, type Scope } from '../../access/scopes.js';
import { OAuthError, type OAuthErrorCode } from '../../errors/oauth-error.js';
import { canonicalResource, grantableScopes, type Resource } from '../../resources/resource.js';
import type { Client } from '../clients/client.js';
import { type Parameters, printable } from '../parameters.js';
import { stateFits } from './authorization-response.js';

/** What the checks work on, once the redirect is proven, and what they find out. */
export interface Draft {
  readonly client: Client;
  readonly parameters: Parameters;
  readonly repeated: ReadonlySet<string>;
  findResource(identifier: string): Promise<Resource | undefined>;
  readonly defaultResource: string;
  resource?: Resource;
  scopes?: readonly Scope[];
  prompt?: readonly string[];
  maxAge?: number;
}

const LIMITS: Readonly<Record<string, number>> = {
  nonce: 512,
  login_hint: 320,
  scope: 8192,
  resource: 500,
  code_challenge: 128,
};
const PROMPTS = ['none', 'login', 'consent', 'select_account', 'create'];
/** SHA-256 in base64url (RFC 7636 section 4.2). */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

const refuse = (error: OAuthErrorCode, description: string) => {
  throw new OAuthError(error, description);
};

/** In this order; the first that throws decides the answer. Each is named by what it makes sure of. */
export const CHECKS: readonly (readonly [string, (draft: Draft) => void | Promise<void>])[] = [
  [
    'each parameter stands once (RFC 6749 section 3.1)',
    ({ repeated }) => {
      for (const name of repeated)
        refuse(
          name === 'resource' ? 'invalid_target' : 'invalid_request',
          `${printable(name)} was sent more than once.`,
        );
    },
  ],
  [
    'no parameter is longer than we carry',
    ({ parameters }) => {
      for (const [name, longest] of Object.entries(LIMITS)) {
        if ((parameters.get(name)?.length ?? 0) > longest)
          refuse(name === 'scope' ? 'invalid_scope' : 'invalid_request', `${name} is too long.`);
      }
      if (!stateFits(parameters.get('state') ?? '')) refuse('invalid_request', 'state is too long.');
    },
  ],
  [
    'no NUL character, which could not be stored',
    ({ parameters }) => {
      for (const [name, value] of parameters)
        if (value.includes('\u0000')) refuse('invalid_request', `${printable(name)} has a NUL character.`);
    },
  ],
  [
    'no request object (OpenID Connect Core section 6)',
    ({ parameters }) => {
      if (parameters.has('request')) refuse('request_not_supported', 'Send the parameters themselves.');
      if (parameters.has('request_uri'))
        refuse('request_uri_not_supported', 'Send the parameters themselves.');
    },
  ],
  [
    'the code flow (OAuth 2.1)',
    ({ parameters }) => {
      const type = parameters.get('response_type');
      if (type === undefined) refuse('invalid_request', 'response_type is missing. Use response_type=code.');
      if (type !== 'code') refuse('unsupported_response_type', 'Only response_type=code is offered.');
    },
  ],
  [
    'the answer in the query',
    ({ parameters }) => {
      if (!['query', undefined].includes(parameters.get('response_mode')))
        refuse('invalid_request', 'Only response_mode=query is offered.');
    },
  ],
  [
    'a client registered for the code flow',
    ({ client }) => {
      if (!client.metadata.grant_types.includes('authorization_code'))
        refuse('unauthorized_client', 'This client is not registered for authorization_code.');
    },
  ],
  [
    'PKCE with S256 (RFC 7636, spec S3 and S4)',
    ({ parameters }) => {
      const challenge = parameters.get('code_challenge');
      if (challenge === undefined)
        refuse('invalid_request', 'code_challenge is missing: PKCE is needed (RFC 7636).');
      if (parameters.get('code_challenge_method') !== 'S256')
        refuse('invalid_request', 'code_challenge_method must be S256.');
      if (!S256_CHALLENGE.test(challenge ?? ''))
        refuse('invalid_request', 'code_challenge must be 43 characters of base64url (SHA-256).');
    },
  ],
  [
    'a resource we issue tokens for (RFC 8707, spec S13)',
    async (draft) => {
      const asked = draft.parameters.get('resource');
      const identifier = asked === undefined ? draft.defaultResource : canonicalResource(asked);
      const resource = identifier === undefined ? undefined : await draft.findResource(identifier);
      if (!resource)
        throw new OAuthError('invalid_target', 'resource is not one that tokens are issued for.');
      draft.resource = resource;
    },
  ],
  [
    'a readable scope, cut to what the resource has (clients rule 5)',
    (draft) => {
      const asked = parseScope(draft.parameters.get('scope') ?? '');
      if (!asked) throw new OAuthError('invalid_scope', 'scope has a character that is not allowed.');
      if (!draft.resource) return;
      const grantable = grantableScopes(draft.resource);
      const known = asked.filter((scope) => grantable.includes(scope));
      // None known is as good as none asked.
      draft.scopes = known.length > 0 ? known : draft.resource.defaultScopes;
    },
  ],
  [
    'a prompt that can be followed (OpenID Connect Core section 3.1.2.1)',
    (draft) => {
      const prompt = (draft.parameters.get('prompt') ?? '').split(' ').filter((word) => word !== '');
      if (prompt.some((word) => !PROMPTS.includes(word)))
        refuse('invalid_request', `prompt may be ${PROMPTS.join(', ')}.`);
      if (prompt.includes('none') && prompt.length > 1)
        refuse('invalid_request', 'prompt=none goes with no other prompt.');
      draft.prompt = prompt;
      const maxAge = draft.parameters.get('max_age');
      if (maxAge === undefined) return;
      if (!/^\d{1,9}$/.test(maxAge)) refuse('invalid_request', 'max_age must be a number of seconds.');
      draft.maxAge = Number(maxAge);
    },
  ],
];
