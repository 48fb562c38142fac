/** What waits to be read of one connection, so of one message, and bytes of answers that a peer has not read yet. */
export const LARGEST_MESSAGE = 262_144;
export const MOST_UNREAD = 1_048_576;

/** Messages being answered at one time: of all senders, and of one connection. */
export const MOST_IN_FLIGHT = 2048;
export const MOST_OF_ONE = 512;

export const MOST_CONNECTIONS = 1024;
/** Until then a peer must have sent a message of a client that we know. */
export const STRANGER_MS = 30_000;
/** A connection unused for so long is closed; Nest's client opens another when it needs one. */
export const IDLE_MS = 600_000;
/** The rest of a message, and of a TLS handshake, must come within it. */
export const STALLED_MS = 10_000;
