import type { KnownTool, Needed, Policy } from '../gateway/proxy/policy.js';

export interface GuardedForPeople {
  readonly target: string;
  readonly resource: string;
  readonly issuer: string;
  readonly policy: Policy;
  readonly tools: readonly KnownTool[];
  readonly warnings: readonly string[];
}

const MOST_SHOWN = 40;
const words = (needed: Needed) =>
  needed === 'deny' ? 'nobody (closed)' : needed.length === 0 ? 'any valid credential' : needed.join(' ');

/** What a person needs right after the start: what is guarded, the URL for clients, and who may call what. */
export function guardBanner({ target, resource, issuer, policy, tools, warnings }: GuardedForPeople): string {
  const width = Math.max(8, ...tools.map(({ name }) => name.length));
  const rows = tools
    .slice(0, MOST_SHOWN)
    .map((tool) => `    ${tool.name.padEnd(width)}  ${words(policy.tool(tool.name, tool))}`);
  const rest = tools.length > MOST_SHOWN ? [`    and ${tools.length - MOST_SHOWN} more`] : [];
  const named = policy.named().map(({ kind, name, needed }) => `    ${kind} ${name}  ${words(needed)}\n`);
  return `
  Toolgate stands before ${policy.name}

    server       ${target}
    for clients  ${resource}
    issuer       ${issuer}

  Its tools, and what a caller needs for each

${[...rows, ...rest].join('\n') || '    none are known yet; one that is not known needs what a tool that writes needs'}

    ${named.length > 0 ? 'other ' : ''}prompts, resources: ${words(policy.read)}   tools not listed: ${words(policy.write)}
${named.join('')}${warnings.map((warning) => `\n  Warning: ${warning}\n`).join('')}
  Stop with Ctrl-C.
`;
}
