import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { OutboundError } from './outbound-error.js';
import { specialUse } from './special-addresses.js';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}
export type Lookup = (host: string) => Promise<readonly ResolvedAddress[]>;

export interface ConnectorOptions {
  readonly allowLoopback: boolean;
  readonly timeoutMs: number;
  readonly lookup: Lookup | undefined;
  readonly ca: string | undefined;
}

/** How long one address may take before the next of the same host is tried beside it (RFC 8305). */
const NEXT_ADDRESS_MS = 1000;

/** All addresses of a host, none of them special: one bad one among good ones is how a rebinding attack looks. */
async function checkedAddresses(
  { hostname, protocol }: buildConnector.Options,
  { allowLoopback, lookup }: ConnectorOptions,
): Promise<readonly ResolvedAddress[]> {
  const family = isIP(hostname);
  const resolve = lookup ?? ((host) => systemLookup(host, { all: true }));
  const addresses = family ? [{ address: hostname, family }] : await resolve(hostname);
  if (addresses.length === 0) throw new OutboundError('network', `${hostname} has no address.`);
  for (const { address } of addresses) {
    const special = specialUse(address);
    if (special === 'loopback' && allowLoopback) continue;
    if (special)
      throw new OutboundError(
        'address',
        `${hostname} is not on the public internet (${special}). Publish the document at a public address.`,
        { cause: new Error(`${hostname} is ${address}`) },
      );
    if (protocol === 'http:')
      throw new OutboundError('scheme', `${hostname} must be fetched with https: it is not this computer.`);
  }
  return addresses;
}

function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  const [first] = addresses;
  return (_host, { all }, callback) => {
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

/**
 * Connects only to public addresses. The name is resolved once, all its addresses are checked, and the socket is given
 * those very addresses, so a second answer of the resolver reaches nobody (DNS rebinding). TLS still asks for the name.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  return (target, callback) => {
    Promise.all([checkedAddresses(target, options), import('undici')]).then(
      ([addresses, undici]) => {
        undici.buildConnector({
          timeout: options.timeoutMs,
          maxCachedSessions: 0,
          lookup: pinned(addresses),
          autoSelectFamily: true,
          autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
          ...(options.ca !== undefined && { ca: options.ca }),
        })(target, callback);
      },
      (error: unknown) => {
        callback(error as Error, null);
      },
    );
  };
}
