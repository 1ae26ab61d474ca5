import { expect, it } from 'vitest';
import { createVersions } from '../../src/ingest/runs/versions.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

const hour = 3_600_000;
const right = Date.UTC(2026, 0, 31, 12);

const ad = (campaign: string, cost: number) => ({
  date: '2026-01-30',
  campaign_id: campaign,
  channel: 'meta',
  clicks: 1,
  cost,
});

/** One push that is answered as stored. */
async function push(app: TestApp, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/ad-performance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  expect(await response.json()).toMatchObject({ accepted: records.length, stored: true });
}

const costOf = async (app: TestApp): Promise<unknown> => {
  const { data } = await app.query(
    '{ metrics(dateRange: { between: { from: "2026-01-30", to: "2026-01-30" } }) { totals { cost } } }',
  );
  return data;
};
const cost = (value: number) => ({ metrics: { totals: { cost: value } } });

it('after a clock that ran ahead, what is pushed or pulled later counts, before a restart and after it', async () => {
  let now = right + hour;
  const clock = { now: () => now };
  const first = await startTestApp({ clock });
  try {
    await push(first, [ad('C-1', 5)]);
    expect(await costOf(first)).toEqual(cost(5));
    now = right;
    await push(first, [ad('C-1', 7)]);
    expect(await costOf(first)).toEqual(cost(7));
    // Past the buffer: its rows go by the time of the push alone. To 10 and back to 8, which is not taken for the 8 before.
    for (const value of [8, 10, 8]) {
      now += 5;
      await push(
        first,
        Array.from({ length: 1_500 }, () => ad('C-1', value)),
      );
      expect(await costOf(first)).toEqual(cost(value));
    }
    first.answer({ ads: adsFeed([ad('C-1', 9)]) });
    expect(await first.pull('sources: ["ads"]')).toMatchObject([
      { status: 'SUCCEEDED', recordsWritten: 1, skippedByReason: [] },
    ]);
    expect(await costOf(first)).toEqual(cost(9));

    // Another process, another folder: it knows of the clock by what is stored alone.
    const second = await startTestApp({
      clock: { now: () => right + 1_000 },
      environment: { CLICKHOUSE_DATABASE: first.store.database },
    });
    try {
      await push(second, [ad('C-1', 11)]);
      expect(await costOf(second)).toEqual(cost(11));
    } finally {
      await second.stop();
    }
  } finally {
    await first.close();
  }
});

it('goes on while the clock is behind, slower, and is the clock’s again once that is there', () => {
  let now = right;
  const versions = createVersions({ now: () => now });
  versions.raise(right + 10_000);
  const given = Array.from({ length: 200 }, () => {
    now += 1_000;
    return versions.now();
  });
  expect(given.slice(0, 2)).toEqual([right + 10_000, right + 10_900]);
  expect(given.every((time, index) => index === 0 || time > (given[index - 1] ?? 0))).toBe(true);
  expect(given.at(-1)).toBe(now);
  // Ahead by an hour, for a moment.
  now += hour;
  expect(versions.now()).toBe(now);
  now -= hour;
  const after = versions.now();
  expect(after).toBe(right + 200_000 + hour);
  now += hour / 2;
  // The half hour that passed unseen does not push it further ahead.
  expect(versions.now() - after).toBeLessThan(1_000);
});

it('with a clock that is right, a version is the time', async () => {
  const app = await startTestApp({ clock: { now: () => right } });
  try {
    await push(app, [ad('C-1', 5)]);
    await push(app, [ad('C-1', 6)]);
    expect(await costOf(app)).toEqual(cost(6));
  } finally {
    await app.close();
  }
});
