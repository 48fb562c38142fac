import { z } from 'zod';

/** They belong to the guard: what the message is, whose it is, and where it goes. */
const RESERVED =
  /^(?:host|connection|content-.*|transfer-encoding|accept|accept-encoding|mcp-.*|x-toolgate-.*|last-event-id)$/;

/** Headers for the server behind a guard, names in lower case. */
export const upstreamHeaders = z.string().transform((text, context): Record<string, string> => {
  const problem = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return problem('must be a JSON object of header names and values');
  }
  const parsed = z.record(z.string(), z.string()).safeParse(json);
  if (!parsed.success) return problem('must be a JSON object of header names and values');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(parsed.data)) {
    const lower = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower)) return problem('has something that is no header name');
    if (RESERVED.test(lower)) return problem(`must not set ${lower}, which is the guard's own`);
    if (!/^[\x20-\x7e]+$/.test(value)) return problem(`has a value for ${lower} that no header can carry`);
    headers[lower] = value;
  }
  return headers;
});
