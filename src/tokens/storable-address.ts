import { isIP } from 'node:net';

/** An address as Postgres's `inet` takes it; null for what a proxy may write instead: a port, a zone, `unknown`. */
export const storableAddress = (address: string | undefined): string | null =>
  address !== undefined && isIP(address) > 0 && !address.includes('%') ? address : null;
