import { Client, type Transport } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { VERSION } from '../../config/version.js';
import type { KnownTool } from './policy.js';
import { knownTool } from './tool-catalogue.js';

const MOST_PAGES = 100;
// A server may list a tool that the schema of the protocol refuses: the others are tools nevertheless.
const Page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

export interface Learned {
  readonly tools: KnownTool[];
  /** Whether it speaks 2026-07-28 or later. */
  readonly modern: boolean;
}

/** Asks a server of either era for all its tools. */
export async function listTools(transport: Transport, timeoutMs: number): Promise<Learned> {
  const client = new Client(
    { name: 'toolgate-guard', version: VERSION },
    { versionNegotiation: { mode: 'auto' } },
  );
  const options = { timeout: timeoutMs };
  try {
    await client.connect(transport, options);
    const modern = client.getProtocolEra() === 'modern';
    if (!client.getServerCapabilities()?.tools) return { tools: [], modern };
    const tools: KnownTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await client.request(
        { method: 'tools/list', params: cursor === undefined ? {} : { cursor } },
        Page,
        options,
      );
      tools.push(...answer.tools.flatMap((tool) => knownTool(tool) ?? []));
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    return { tools, modern };
  } finally {
    await client.close();
  }
}
