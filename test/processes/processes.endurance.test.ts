import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import type { Program } from '../faults/program.ts';
import { json } from '../support/source-server.ts';
import { startTrio, type Trio } from './trio.ts';

interface Run {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly error: { readonly message: string } | null;
}
const runFields = 'id status attempt startedAt finishedAt error { message }';

const ad = (date: string, cost: number) => ({
  date,
  campaign_id: 'C-1',
  channel: 'google',
  utm_campaign: 'x',
  clicks: 10,
  impressions: 100,
  cost,
});

const trigger = async (program: Program, input: string): Promise<Run> => {
  const answer = await program.graphql<{ triggerIngest: { runs: Run[] } }>(
    `mutation { triggerIngest(input: { ${input} }) { runs { ${runFields} } } }`,
  );
  const [run] = answer.triggerIngest.runs;
  if (run === undefined) throw new Error('no run');
  return run;
};
const look = async (program: Program, id: string): Promise<Run> =>
  (
    await program.graphql<{ ingestRun: Run }>(`query ($id: ID!) { ingestRun(id: $id) { ${runFields} } }`, {
      id,
    })
  ).ingestRun;
const ended = (program: Program, id: string, timeout = 30_000): Promise<Run> =>
  vi.waitUntil(
    async () => {
      const run = await look(program, id);
      return run.finishedAt === null ? undefined : run;
    },
    { timeout, interval: 100 },
  ) as Promise<Run>;
const costOf = async (program: Program, date: string): Promise<number> => {
  const answer = await program.graphql<{ metrics: { totals: { cost: number } } }>(
    'query ($date: LocalDate!) { metrics(dateRange: { between: { from: $date, to: $date } }) { totals { cost } } }',
    { date },
  );
  return answer.metrics.totals.cost;
};

/** A source that answers only once it is told to. */
const held = (records: readonly unknown[]) => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const behaviour: Parameters<Trio['answer']>[0] = async (request, response) => {
    await released;
    return json(records)(request, response);
  };
  return { behaviour, release };
};

describe('three processes on one store', () => {
  let trio: Trio;
  let first: Program;
  let second: Program;
  let third: Program;
  beforeAll(async () => {
    trio = await startTrio();
    [first, second, third] = trio.programs;
  });
  afterAll(() => trio.close());

  it('come up together on an empty server, and each migration was applied once', async () => {
    const rows = await trio.store.select(
      z.object({ name: z.string(), times: z.number() }),
      sql`SELECT name, count() AS times FROM schema_migrations GROUP BY name ORDER BY name`,
    );
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
  });

  it('identical calls are one run, and one request of the source', async () => {
    const source = held([ad('2025-01-01', 1)]);
    trio.answer(source.behaviour);
    const before = trio.requests();
    const runs = await Promise.all(
      [first, second, third, first, second, third].map((program) => trigger(program, 'sources: ["ads"]')),
    );
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
    source.release();
    // Whoever waits hears of the end, whichever process brings it about.
    const waited = await Promise.all(trio.programs.map((program) => ended(program, runs[0]?.id ?? '')));
    expect(waited.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(trio.requests() - before).toBe(1);
  });

  it('one key is one run, however many ask at once, and afterwards', async () => {
    trio.answer(json([ad('2025-01-02', 1)]));
    const input = 'sources: ["ads"] wait: true idempotencyKey: "k-1"';
    const runs = await Promise.all([first, second, third, third].map((program) => trigger(program, input)));
    const again = await trigger(second, input);
    expect(new Set([...runs, again].map(({ id }) => id)).size).toBe(1);
    expect(again.status).toBe('SUCCEEDED');
  });

  it('different runs of one source take turns', async () => {
    trio.answer(async (request, response) => {
      await delay(300);
      return json([ad('2025-01-03', 1)])(request, response);
    });
    const runs = await Promise.all(
      [first, second, third].map((program, index) =>
        trigger(program, `sources: ["ads"] wait: true since: "2025-01-0${index + 1}"`),
      ),
    );
    const times = runs
      .map(
        ({ startedAt, finishedAt }) => [Date.parse(startedAt ?? ''), Date.parse(finishedAt ?? '')] as const,
      )
      .sort(([a], [b]) => a - b);
    expect(runs.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    for (const [index, [start]] of times.entries()) {
      if (index > 0) expect(start).toBeGreaterThanOrEqual(times[index - 1]?.[1] ?? Number.POSITIVE_INFINITY);
    }
  });

  it('a run can be cancelled through any of them', async () => {
    const source = held([]);
    trio.answer(source.behaviour);
    const run = await trigger(first, 'sources: ["ads"]');
    const answer = await third.graphql<{ cancelIngest: Run }>(
      `mutation ($id: ID!) { cancelIngest(id: $id) { ${runFields} } }`,
      { id: run.id },
    );
    source.release();
    expect(answer.cancelIngest).toMatchObject({
      status: 'CANCELLED',
      error: { message: expect.stringMatching(/^The run was cancelled by anonymous\./) },
    });
  });

  it('a cached answer gives way soon, whichever process wrote', async () => {
    const date = '2025-02-01';
    trio.answer(json([ad(date, 10)]));
    await trigger(first, 'sources: ["ads"] wait: true');
    await vi.waitFor(async () => expect(await costOf(second, date)).toBe(10), { timeout: 5_000 });
    trio.answer(json([ad(date, 20)]));
    await trigger(first, 'sources: ["ads"] wait: true');
    expect(await costOf(first, date)).toBe(20);
    // By itself it would be kept for a minute.
    await vi.waitFor(async () => expect(await costOf(second, date)).toBe(20), { timeout: 20_000 });
  });

  it('a run whose process is killed is finished by another, under its id, and every figure is right', async () => {
    const feed = [ad('2025-03-01', 10), ad('2025-03-02', 20), ad('2025-03-03', 30)];
    // The first request gets a part of the feed and no more; later ones get all of it.
    trio.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`[${JSON.stringify(ad('2025-03-01', 99))},`);
    });
    const before = trio.requests();
    const run = await trigger(first, 'sources: ["ads"]');
    const waiting = await trigger(first, 'sources: ["ads"] since: "2025-03-02"');
    await vi.waitUntil(() => trio.requests() > before, { timeout: 10_000 });
    trio.answer(json(feed));
    await first.killHard();
    const [taken, next] = await Promise.all([
      ended(second, run.id, 40_000),
      ended(third, waiting.id, 40_000),
    ]);
    expect(taken).toMatchObject({ status: 'SUCCEEDED', attempt: 2 });
    expect(next).toMatchObject({ status: 'SUCCEEDED', attempt: 2 });
    for (const [date, cost] of [
      ['2025-03-01', 10],
      ['2025-03-02', 20],
      ['2025-03-03', 30],
    ] as const) {
      await vi.waitFor(async () => expect(await costOf(second, date)).toBe(cost), { timeout: 3_000 });
    }
    // The same process, back again, leaves them as they are.
    await first.start();
    expect(await look(first, run.id)).toEqual(taken);
  }, 60_000);
});

it('a schedule that three processes have fires once a tick', async () => {
  const trio = await startTrio('schedule: "*/2 * * * * *"', { SCHEDULER: 'on' });
  try {
    trio.answer(json([ad('2025-01-01', 1)]));
    const runs = await vi.waitUntil(
      async () => {
        const rows = await trio.store.select(
          z.object({ idempotency_key: z.string(), times: z.number() }),
          sql`SELECT idempotency_key, uniqExact(run_id) AS times FROM ingest_runs
              WHERE requested_by = ${bind('String', 'scheduler')} GROUP BY idempotency_key`,
        );
        return rows.length >= 3 ? rows : undefined;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(runs.filter(({ times }) => times !== 1)).toEqual([]);
  } finally {
    await trio.close();
  }
}, 60_000);
