import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { builtProgram } from '../support/built-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const channels = z.object({
  data: z.object({
    metrics: z.object({ nodes: z.array(z.object({ channel: z.string().nullable(), cost: z.number() })) }),
  }),
});
const matches = z.object({
  data: z.object({
    metrics: z.object({ nodes: z.array(z.object({ match: z.string().nullable(), leads: z.number() })) }),
  }),
});

let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'utmql-test-demo-'));
});
afterEach(async () => {
  await rm(temporary, { recursive: true, force: true });
});

/** Starts the demo as `npm run demo` does, with temporary folders in one of the test's own. */
function startDemo(environment: Record<string, string>) {
  const [command, ...args] = builtProgram('demo/main');
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env.PATH, TMPDIR: temporary, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  let wake = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      wake();
    });
  }
  return {
    child,
    exited,
    output: () => output,
    /** Resolves once the output holds the text. */
    async said(text: string): Promise<void> {
      const ended = exited.then(() => true);
      while (!output.includes(text)) {
        const more = new Promise<false>((resolve) => {
          wake = () => resolve(false);
        });
        if ((await Promise.race([more, ended])) && !output.includes(text)) {
          throw new Error(`The demo ended before it said ${JSON.stringify(text)}:\n${output}`);
        }
      }
    },
  };
}

const leftovers = async (): Promise<string[]> =>
  (await readdir(temporary)).filter((name) => name.startsWith('utmql-'));

describe('npm run demo', () => {
  it('shows four channels, prints a curl command that gives the same, and leaves nothing behind', async () => {
    const demo = startDemo({ PORT: '0' });
    try {
      await demo.said('GraphiQL');
      expect(await leftovers()).toHaveLength(1);
      const command =
        demo
          .output()
          .split('\n')
          .find((line) => line.startsWith('curl ')) ?? '';
      const { nodes } = channels.parse(JSON.parse((await run('bash', ['-c', command])).stdout)).data.metrics;
      const paid = nodes.filter(({ cost }) => cost > 0).map(({ channel }) => channel);
      expect(paid).toEqual(['google_ads', 'meta_ads', 'linkedin_ads', 'tiktok_ads']);
      for (const channel of paid)
        expect(demo.output()).toMatch(new RegExp(`^${channel}( +[\\d,.]+){8}$`, 'm'));

      const url = /GraphiQL +(\S+)/.exec(demo.output())?.[1] ?? '';
      const query =
        '{ metrics(dateRange: {last: {count: 179, unit: DAY}}, groupBy: [MATCH]) { nodes { match leads } } }';
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const found = matches.parse(await answer.json()).data.metrics.nodes;
      const leads = (name: string) => found.find(({ match }) => match === name)?.leads ?? 0;
      expect(leads('EXACT')).toBeGreaterThan(2_000);
      for (const name of ['WINDOW', 'CAMPAIGN', 'UNATTRIBUTED']) expect(leads(name)).toBeGreaterThan(50);
    } finally {
      demo.child.kill('SIGTERM');
    }
    expect(await demo.exited).toEqual([0, null]);
    expect(await leftovers()).toEqual([]);
  }, 120_000);

  it('ends cleanly in the middle of its start', async () => {
    const demo = startDemo({ PORT: '0' });
    await demo.said('starting ClickHouse');
    demo.child.kill('SIGINT');
    expect(await demo.exited).toEqual([0, null]);
    expect(await leftovers()).toEqual([]);
  }, 120_000);

  it.each([
    'SIGINT',
    'SIGHUP',
  ] as const)('ends cleanly when %s comes twice, as npm passes Ctrl-C on', async (signal) => {
    const demo = startDemo({ PORT: '0' });
    await demo.said('GraphiQL');
    demo.child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    demo.child.kill(signal);
    expect(await demo.exited).toEqual([0, null]);
    expect(await leftovers()).toEqual([]);
  }, 120_000);

  it('says what is wrong with the configuration', async () => {
    const demo = startDemo({ PORT: 'four thousand' });
    expect(await demo.exited).toEqual([1, null]);
    expect(demo.output()).toBe(
      'The configuration is wrong:\n  - PORT ("four thousand") is not a whole number\n',
    );
    expect(await leftovers()).toEqual([]);
  });
});
