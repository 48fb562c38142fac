import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBetterAuth } from './contenders/better-auth.js';
import { startMcpNest, startMcpSdk1, startMcpSdk2 } from './contenders/mcp-servers.js';
import { startOidcProvider } from './contenders/oidc-provider.js';
import type { PeerFolder, StartPeer } from './contenders/peers.js';

export const NPM_PEERS = {
  'oidc-provider': startOidcProvider,
  'better-auth': startBetterAuth,
  'mcp-sdk-1': startMcpSdk1,
  'mcp-sdk-2': startMcpSdk2,
  'mcp-nest': startMcpNest,
} as const satisfies Record<string, StartPeer>;
export type NpmPeer = keyof typeof NPM_PEERS;
export const NPM_PEER_NAMES = Object.keys(NPM_PEERS) as NpmPeer[];

// Not `npm ci`: it refuses a lock file made where a registry lacks other platforms' optional binaries.
const INSTALL = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error',
                 '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']; // prettier-ignore

/** Installs what `bench/peers/package-lock.json` names, once. Undefined, and said why, where that cannot be done. */
export function installPeers(root: string, say: (line: string) => void): PeerFolder | undefined {
  const directory = join(root, 'bench', 'peers');
  const modules = join(directory, 'node_modules');
  const stamp = join(modules, '.toolgate-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(join(directory, 'package-lock.json')))
    .digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    say('installing the peers into bench/peers/node_modules (once, about a minute) ...');
    const { status, stderr } = spawnSync('npm', INSTALL, {
      cwd: directory,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (status !== 0) {
      const why = stderr.trim().split('\n').slice(0, 3).join(' ');
      say(`the peers cannot be installed (is the npm registry in reach?), so they are left out: ${why}`);
      return undefined;
    }
    writeFileSync(stamp, wanted);
  }
  return {
    directory,
    versionOf: (name) =>
      (JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { version: string }).version,
  };
}
