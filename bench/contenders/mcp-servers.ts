import { peerEnvironment, peerFile, type StartPeer } from './peers.js';
import { startServer } from './start.js';
import { toolTrial } from './trials.js';

/** A server of one tool, behind what its library offers against callers without a token. It has no database. */
const mcpServer =
  (name: string, library: string, gate: string): StartPeer =>
  (around, from) =>
    startServer(around, {
      name,
      title: `${library} ${from.versionOf(library)}, ${gate}`,
      file: peerFile(from, name),
      jwksPath: '/jwks',
      environment: peerEnvironment(),
      setUp: ({ ask }) =>
        Promise.resolve({
          'tool-jwt': async ({ connections }) =>
            toolTrial(await ask<string[]>('tokens', { count: connections })),
        }),
    });

export const startMcpSdk1 = mcpServer('mcp-sdk-1', '@modelcontextprotocol/sdk', 'requireBearerAuth');
export const startMcpSdk2 = mcpServer('mcp-sdk-2', '@modelcontextprotocol/server', 'requireBearerAuth');
export const startMcpNest = mcpServer('mcp-nest', '@rekog/mcp-nest', 'a guard');
