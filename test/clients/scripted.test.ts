import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { json, type LocalServer, serve } from '../outbound/servers.js';
import { startTestService, type TestService } from '../support/harness.js';
import { PageShown } from './pages.js';
import { Run, VendorKeys } from './run.js';
import { type Script, type Step, STEPS } from './script.js';
import { chatgpt } from './scripts/chatgpt.js';
import { claudeCode } from './scripts/claude-code.js';
import { claude } from './scripts/claude.js';
import { codex } from './scripts/codex.js';
import { cursor } from './scripts/cursor.js';
import { geminiCli } from './scripts/gemini-cli.js';
import { goose } from './scripts/goose.js';
import { inspector } from './scripts/inspector.js';
import { librechat } from './scripts/librechat.js';
import { mcpRemote } from './scripts/mcp-remote.js';
import { opencode } from './scripts/opencode.js';
import { vscode } from './scripts/vscode.js';
import { zed } from './scripts/zed.js';
import { clientsPage, type Result } from './table.js';

const SCRIPTS: readonly Script[] = [
  ...claude, ...claudeCode, ...chatgpt, ...codex, ...vscode, ...cursor, ...geminiCli, ...inspector, ...mcpRemote,
  ...librechat, ...goose, ...opencode, ...zed,
]; // prettier-ignore

let service: TestService;
let keyServer: LocalServer;
const vendor = new VendorKeys();
const results: Result[] = [];

beforeAll(async () => {
  keyServer = await serve(json(await vendor.set()));
  vendor.url = `${keyServer.url}/jwks.json`;
  service = await startTestService({ env: { OUTBOUND_LOOPBACK: 'true' } });
});
afterAll(async () => {
  await service.stop();
  await keyServer.stop();
});

async function play(script: Script): Promise<Result> {
  const run = new Run(script, service, await service.person(), vendor);
  const outcomes = new Map<Step, Error | undefined>();
  for (const step of STEPS) {
    const failure = await run.steps[step]().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    outcomes.set(step, failure);
    if (failure) break;
  }
  return { script, outcomes };
}

describe('each known client', () => {
  test.each(SCRIPTS.map((script) => [`${script.client} by ${script.registration.way}`, script] as const))(
    '%s gets as far as it can',
    async (_name, script) => {
      const result = await play(script);
      results.push(result);
      const failures = [...result.outcomes].filter(([, failure]) => failure !== undefined);
      if (!script.fails) {
        expect(failures).toEqual([]);
        return;
      }
      const [[at, failure] = []] = failures;
      expect(at).toBe(script.fails.at);
      const page = failure instanceof PageShown ? failure.page : undefined;
      expect(page?.status).toBe(400);
      for (const words of script.fails.page) expect(page?.text).toContain(words);
    },
  );
});

test('docs/clients.md says what this run did', () => {
  expect(results.length).toBe(SCRIPTS.length);
  const page = clientsPage(results);
  writeFileSync(join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'clients.md'), page);
  const path = join(import.meta.dirname, '../../docs/clients.md');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, page);
  const current = readFileSync(path, 'utf8');
  if (current !== page)
    throw new Error('docs/clients.md is out of date: run `UPDATE_DOCS=1 npm test -- test/clients/scripted`.');
});
