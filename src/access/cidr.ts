import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address with IPv4-mapped IPv6 as the IPv4 it means. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

/**
 * `10.0.0.0/8`, `2001:db8::/32`, or a bare address. Canonical, or undefined when it is neither. Legacy forms are refused,
 * for they hide another network than the one read: `010.0.0.0` is octal, and `10/8` means 0.0.0.10.
 */
export function parseCidr(text: string): string | undefined {
  const [host = '', length, ...rest] = text.split('/');
  const family = isIP(host);
  if (family === 0 || host.includes('%') || rest.length > 0) return undefined;
  const width = family === 4 ? 32 : 128;
  const bits = length === undefined ? width : /^(?:0|[1-9]\d{0,2})$/.test(length) ? Number(length) : -1;
  const address = ipaddr.process(host);
  // Callers are compared as IPv4, so a network of mapped addresses must be IPv4 as well.
  const mapped = family === 6 && address.kind() === 'ipv4' ? 96 : 0;
  return bits >= mapped && bits <= width ? `${address.toString()}/${bits - mapped}` : undefined;
}

/** True when the list is empty or one of its networks holds the address. */
export function addressAllowed(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true;
  const parsed = parseAddress(address);
  return (
    parsed !== undefined &&
    cidrs.some((cidr) => {
      const [network, bits] = ipaddr.parseCIDR(cidr);
      return network.kind() === parsed.kind() && parsed.match(network, bits);
    })
  );
}
