/** What went wrong, for code: the words of the error are for people. */
export type OutboundReason =
  'scheme' | 'address' | 'redirect' | 'status' | 'too_large' | 'timeout' | 'not_json' | 'network' | 'tls';

/** Longer ones are cut in messages. */
const LONGEST_PLACE = 200;

/** Where a URL leads, for messages: its query may hold a secret and stays out. */
export const placeOf = (url: URL): string => `${url.origin}${url.pathname}`.slice(0, LONGEST_PLACE);

/** A fetch from an address that a stranger named did not give what was asked for. Resolved addresses are in `cause` only. */
export class OutboundError extends Error {
  constructor(
    readonly reason: OutboundReason,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'OutboundError';
  }
}

const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/;

/** A failure of the network, of TLS or of HTTP itself as the one error type. */
export function networkError(thrown: unknown, url: URL): OutboundError {
  if (thrown instanceof OutboundError) return thrown;
  const place = placeOf(url);
  const code = (thrown as { code?: unknown } | null)?.code;
  const word = typeof code === 'string' ? code : 'unknown failure';
  const [reason, why]: [OutboundReason, string] = TLS_CODE.test(word)
    ? ['tls', `has no valid TLS certificate for its host name (${word}).`]
    : word === 'UND_ERR_HEADERS_OVERFLOW'
      ? ['too_large', 'answers with too many headers.']
      : word === 'ENOTFOUND' || word === 'EAI_AGAIN' || word === 'ENODATA'
        ? ['network', `cannot be reached: its host name does not resolve (${word}).`]
        : ['network', `could not be fetched (${word}). Check that it answers from the public internet.`];
  return new OutboundError(reason, `${place} ${why}`, { cause: thrown });
}
