import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { startDemo } from './start-demo.ts';

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

const figures = z.object({ cost: z.number(), revenue: z.number() });
const yearOverYear = z.object({
  data: z.object({
    metrics: z.object({
      nodes: z.array(figures.extend({ channel: z.string().nullable(), previous: figures })),
    }),
  }),
});

describe('npm run demo', () => {
  it('shows four channels, prints a curl command that gives the same, and leaves nothing behind', async () => {
    const demo = startDemo({ PORT: '0' });
    try {
      await demo.said('GraphiQL');
      expect(await demo.leftovers()).toHaveLength(1);
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
    expect(await demo.leftovers()).toEqual([]);
  }, 120_000);

  it('loads what came before, compares with last year, and a repeated run changes nothing', async () => {
    // Half a year less than usual, which is enough for a year before.
    const demo = startDemo({ PORT: '0', DATA_RETENTION_DAYS: '600' });
    await demo.said('The older data is complete, 19 months in all');
    const url = /GraphiQL +(\S+)/.exec(demo.output())?.[1] ?? '';
    const ask = async (text: string) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text }) });
      return response.json();
    };
    const byYear =
      '{ metrics(dateRange: {last: {count: 30, unit: DAY}}, groupBy: [CHANNEL], compareTo: {previousYear: true}) { nodes { channel cost revenue previous { cost revenue } } } }';
    const compared = yearOverYear.parse(await ask(byYear));
    for (const { channel, cost, previous } of compared.data.metrics.nodes)
      if (channel !== null) expect(Math.abs(previous.cost / cost - 0.7)).toBeLessThan(0.2);
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    const again = await ask(
      `mutation { triggerIngest(input: { wait: true, since: "${day(395)}", until: "${day(360)}" }) { runs { status } } }`,
    );
    expect(again).toEqual({ data: { triggerIngest: { runs: Array(2).fill({ status: 'SUCCEEDED' }) } } });
    expect(yearOverYear.parse(await ask(byYear))).toEqual(compared);
    demo.child.kill('SIGTERM');
    expect(await demo.exited).toEqual([0, null]);
  }, 240_000);

  it('behind a login, prints a key that its command and GraphiQL take, and that ends with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'utmql-test-keys-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'keys.json');
    const demo = startDemo({ PORT: '0', API_KEYS_FILE: file });
    await demo.said('Ctrl-C ends the demo');
    const [command = ''] = demo.output().match(/^curl .*$/m) ?? [];
    const ask = async (line: string): Promise<string> => (await run('bash', ['-c', line])).stdout;
    expect(await ask(command)).toContain('"channel":"google_ads"');
    expect(await ask(command.replace(/-H 'authorization[^']*'/, ''))).toContain('UNAUTHENTICATED');
    expect(demo.output()).toMatch(/^google_ads( +[\d,.]+){8}$/m);
    const [key = ''] = demo.output().match(/^utmql_[\w-]+$/m) ?? [];
    expect(command).toContain(`authorization: Bearer ${key}'`);
    demo.child.kill('SIGTERM');
    expect(await demo.exited).toEqual([0, null]);
    expect(await readFile(file, 'utf8')).toMatch(/"name": "demo",[^}]*"revokedAt"/);
  }, 120_000);

  it('says what is wrong with the configuration', async () => {
    const demo = startDemo({ PORT: 'four thousand' });
    expect(await demo.exited).toEqual([1, null]);
    expect(demo.output()).toBe(
      'The configuration is wrong:\n  - PORT ("four thousand") is not a whole number\n',
    );
    expect(await demo.leftovers()).toEqual([]);
  });
});
