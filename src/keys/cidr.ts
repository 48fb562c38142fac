import ipaddr from 'ipaddr.js';

/** An address with IPv4-mapped IPv6 as the IPv4 it means. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or a bare address. Canonical, or undefined when it is neither. */
export function parseCidr(text: string): string | undefined {
  if (ipaddr.isValidCIDR(text)) {
    const [address, bits] = ipaddr.parseCIDR(text);
    return `${address.toString()}/${bits}`;
  }
  const address =
    ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text) ? parseAddress(text) : undefined;
  return address && `${address.toString()}/${address.kind() === 'ipv4' ? 32 : 128}`;
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
