import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** RFC 4291 section 2.4: what IANA has given out for the public internet. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** RFC 6052. Its local-use sibling 64:ff9b:1::/48 (RFC 8215) leads into the network of whoever runs the translator. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** The IPv4 addresses to which packets for this IPv6 address really go; undefined when it is an address of its own. */
function embedded(address: ipaddr.IPv6): ipaddr.IPv4[] | undefined {
  const bytes = address.toByteArray();
  const at = (start: number) => new ipaddr.IPv4(bytes.slice(start, start + 4));
  switch (address.range()) {
    case 'ipv4Mapped':
      return [at(12)];
    case '6to4':
      return [at(2)];
    case 'teredo':
      // RFC 4380 section 4: the server, and the client with every bit turned over.
      return [at(4), new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff))];
    default:
      return address.match(NAT64) ? [at(12)] : undefined;
  }
}

/**
 * Why an address is not one of the public internet (RFC 6890, the IANA special-purpose registries): `loopback`, `private`,
 * `linkLocal`...; undefined when it is public. An address that wraps an IPv4 address is judged by what it wraps. What is
 * neither public nor known counts as special (spec S24).
 */
export function specialUse(address: string): string | undefined {
  const family = isIP(address);
  if (family === 0) return 'not an address';
  // Only link-local addresses have a zone (RFC 4007).
  if (address.includes('%')) return 'linkLocal';
  // In hex, since ipaddr.js takes `::127.0.0.1` (IPv4-compatible) for IPv4-mapped.
  const parsed = ipaddr.parse(family === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address);
  const range = parsed.range();
  if (parsed instanceof ipaddr.IPv4) return range === 'unicast' ? undefined : range;
  const wrapped = embedded(parsed);
  if (wrapped) {
    const special = wrapped.map((inner) => inner.range()).find((inner) => inner !== 'unicast');
    return special && `${range} of ${special}`;
  }
  if (range !== 'unicast') return range;
  return parsed.match(GLOBAL_UNICAST) ? undefined : 'unallocated';
}
