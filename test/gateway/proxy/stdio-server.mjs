// A stdio server of the 2025 revisions, by hand: it says what process it is, and fails on demand.
import { createInterface } from 'node:readline';

const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (value) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
});
const tools = ['look', 'crash', 'hang', 'ask', 'progress', 'environment', 'change', 'flood'].map((name) => ({
  name,
  inputSchema: { type: 'object' },
  annotations: { readOnlyHint: name !== 'change' },
}));
let calls = 0;
let asked = 0;
const waiting = new Map();
const cancelled = [];

async function call(id, { name, arguments: args = {}, _meta }) {
  calls += 1;
  if (name === 'crash') process.exit(3);
  if (name === 'hang') return;
  if (name === 'ask') {
    const question = `q${(asked += 1)}`;
    say({ id: question, method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
    const answer = await new Promise((resolve) => waiting.set(question, resolve));
    say({ id, result: text(answer) });
    return;
  }
  if (name === 'progress')
    for (const progress of [1, 2])
      say({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, progress } });
  if (name === 'flood')
    for (let i = 0; i < args.count; i += 1)
      say({
        method: 'notifications/progress',
        params: { progressToken: _meta.progressToken, progress: i, message: 'x'.repeat(100_000) },
      });
  if (name === 'environment') say({ id, result: text(process.env) });
  else say({ id, result: text({ pid: process.pid, calls, cancelled }) });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params, result, error } = JSON.parse(line);
  if (method === undefined) waiting.get(id)?.(result ?? error);
  else if (method === 'initialize')
    say({
      id,
      result: {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'by hand', version: '1' },
      },
    });
  else if (method === 'tools/list') say({ id, result: { tools } });
  else if (method === 'tools/call') void call(id, params);
  else if (method === 'notifications/cancelled') cancelled.push(params.requestId);
  else if (id !== undefined) say({ id, error: { code: -32601, message: 'Method not found' } });
});
process.stdin.on('end', () => process.exit(0));
