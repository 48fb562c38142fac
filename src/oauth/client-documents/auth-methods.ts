import { ClientDocumentError } from './client-document-error.js';

/** A document is public, so a secret in common is out of the question (spec S22). */
const METHODS = ['private_key_jwt', 'none'] as const;
export type DocumentAuthMethod = (typeof METHODS)[number];

const invalid = (problem: string) =>
  new ClientDocumentError('invalid', `token_endpoint_auth_method: ${problem}`);

/**
 * How a client may authenticate: by the one method of RFC 7591, and by the list that ChatGPT's document has (a name from
 * RFC 8414). Its preference is the one method, else its keys when the list allows them, else `none`, since the default of
 * RFC 7591 needs a secret.
 *
 * @throws ClientDocumentError `invalid` when only shared-secret or unknown methods are left, or keys are needed and missing
 */
export function documentAuthMethods(
  single: string | undefined,
  list: readonly string[] | undefined,
  hasKeys: boolean,
) {
  const allowed = METHODS.join(' or ');
  const preferred = METHODS.find((method) => method === single);
  if (single !== undefined && preferred === undefined)
    throw invalid(`${JSON.stringify(single)} is not offered to clients with a document. Use ${allowed}.`);
  if (preferred === 'private_key_jwt' && !hasKeys) throw invalid('private_key_jwt needs jwks or jwks_uri.');
  const asked = new Set([...(single ? [single] : []), ...(list ?? (single ? [] : ['none']))]);
  const methods = METHODS.filter((method) => asked.has(method) && (method === 'none' || hasKeys));
  const [first] = methods;
  if (!first)
    throw invalid(
      `nothing in its list can be used. List ${allowed} (private_key_jwt with jwks or jwks_uri).`,
    );
  return { token_endpoint_auth_method: preferred ?? first, token_endpoint_auth_methods: methods };
}
