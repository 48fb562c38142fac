import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressAllowed } from '../../access/cidr.js';

/** The peer, or whom trusted proxies say they speak for: from the right, for the left may be anybody's invention. */
export function clientAddress(request: IncomingMessage, trusted: readonly string[]): string {
  let address = request.socket.remoteAddress ?? '';
  if (trusted.length === 0) return address;
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  for (const hop of forwarded.map((one) => one.trim()).reverse()) {
    if (!addressAllowed(trusted, address) || isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}
