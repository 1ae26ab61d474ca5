import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAdsWriter } from '../../../src/ingest/kinds/ad-performance.ts';
import type { DayChanges, IngestMode } from '../../../src/ingest/runs/run.ts';
import type { AdPerformance } from '../../../src/records/ad-performance.ts';
import type { Day } from '../../../src/records/day.ts';
import { openMigratedStore } from '../../support/database.ts';
import { rounds } from '../../support/rounds.ts';
import { ad, adsStage, applyOptions, dayOf, fill, nextVersion, rowsOf } from './support.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterAll(() => store.drop());

const firstDay = dayOf('2025-08-01');
const days = [firstDay, firstDay + 1, firstDay + 2];

interface Row {
  readonly day: Day;
  readonly clicks: number;
  readonly cost: number;
  readonly extra: string;
  readonly source: string;
  readonly version: number;
  readonly isDeleted: boolean;
}

interface Step {
  readonly kind: 'push' | IngestMode;
  readonly source: string;
  readonly records: readonly AdPerformance[];
  readonly skip: readonly Day[];
}

const keyOf = (record: AdPerformance): string => `${record.day}/${record.campaignId}`;

/** What is stored, as the rules in `Stage` say it: the same in a few lines of loops. */
class Model {
  readonly rows = new Map<string, Row>();

  push(records: readonly AdPerformance[], version: number): void {
    for (const record of records) {
      const at = record.updatedAt === undefined ? version : Math.min(record.updatedAt * 1_000, version);
      if (at >= (this.rows.get(keyOf(record))?.version ?? 0)) this.write(record, 'push', at);
    }
  }

  apply(step: Step, mode: IngestMode, version: number) {
    const base = (record: AdPerformance): number =>
      mode === 'replace' || record.updatedAt === undefined
        ? version
        : Math.min(record.updatedAt * 1_000, version);
    const winners = new Map<string, AdPerformance>();
    for (const record of step.records) {
      const other = winners.get(keyOf(record));
      if (other === undefined || base(record) >= base(other)) winners.set(keyOf(record), record);
    }
    const applied = { written: 0, changed: 0, removed: 0, outdated: 0, superseded: 0 };
    const returned = new Set(step.records.map(({ day }) => day).filter((day) => !step.skip.includes(day)));
    const before = new Map(this.rows);
    const changes = new Map<Day, { added: number; changed: number; removed: number }>();
    const note = (day: Day, kind: 'added' | 'changed' | 'removed'): void => {
      const counts = changes.get(day) ?? { added: 0, changed: 0, removed: 0 };
      counts[kind] += 1;
      changes.set(day, counts);
    };
    for (const record of winners.values()) {
      if (step.skip.includes(record.day)) {
        applied.superseded += 1;
        continue;
      }
      const old = this.rows.get(keyOf(record));
      const live = old?.isDeleted === false ? old : undefined;
      const isOwn = live?.source === step.source;
      const isSame =
        isOwn && live.clicks === record.clicks && live.cost === record.cost && live.extra === record.extra;
      if (isSame) {
        applied.written += 1;
      } else if (live !== undefined && live.version > base(record) && !(mode === 'replace' && isOwn)) {
        applied.outdated += 1;
      } else {
        this.write(record, step.source, Math.max(base(record), old?.version ?? 0));
        applied.written += 1;
        applied.changed += 1;
        note(record.day, live === undefined ? 'added' : 'changed');
      }
    }
    if (mode === 'replace') {
      for (const [key, row] of this.rows) {
        if (row.isDeleted || row.source !== step.source || !returned.has(row.day) || winners.has(key))
          continue;
        this.rows.set(key, { ...row, isDeleted: true, version: Math.max(row.version, version) });
        applied.removed += 1;
        note(row.day, 'removed');
      }
    }
    const costOf = (rows: ReadonlyMap<string, Row>, day: Day): number => {
      let cost = 0;
      for (const [key, row] of rows) {
        const isCounted = before.get(key)?.source === step.source || winners.has(key);
        if (row.day === day && !row.isDeleted && isCounted) cost += row.cost;
      }
      return cost;
    };
    const byDay: DayChanges[] = [...changes]
      .sort(([a], [b]) => a - b)
      .map(([day, counts]) => ({
        day,
        ...counts,
        costBefore: costOf(before, day),
        costAfter: costOf(this.rows, day),
      }));
    return { applied: { ...applied, touched: new Set(changes.keys()) }, changes: byDay };
  }

  live(): readonly unknown[] {
    return [...this.rows]
      .filter(([, { isDeleted }]) => !isDeleted)
      .map(([key, { clicks, cost, extra, source }]) => [key, clicks, cost, extra, source])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  }

  private write(record: AdPerformance, source: string, version: number): void {
    const { day, clicks, cost, extra } = record;
    this.rows.set(keyOf(record), { day, clicks, cost, extra, source, version, isDeleted: false });
  }
}

const record = fc
  .record({
    day: fc.constantFrom(...days),
    campaignId: fc.constantFrom('a', 'b', 'c', 'd'),
    clicks: fc.integer({ min: 0, max: 1 }),
    cost: fc.integer({ min: 0, max: 2 }),
    extra: fc.constantFrom('', '', '{"x":1}'),
    // Before the versions of all runs, among each other in any order.
    updatedAt: fc.option(
      fc.integer({ min: 0, max: 3 }).map((at) => Date.UTC(2025, 8, 1 + at)),
      { nil: undefined },
    ),
  })
  .map(ad);
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('push', 'upsert', 'replace', 'replace'),
  source: fc.constantFrom('feed', 'feed', 'other'),
  records: fc.array(record, { maxLength: 12 }),
  skip: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constantFrom(...days).map((day) => [day]) },
  ),
});

it(
  'random runs and pushes leave what the rules say, count what they say, and dry runs foretell it',
  { timeout: 300_000 },
  async () => {
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const workspace = `model-${turn++}`;
        const model = new Model();
        for (const next of steps) {
          const version = nextVersion();
          if (next.kind === 'push') {
            const writer = createAdsWriter({
              store,
              workspace,
              source: 'push',
              version,
              requestId: 'test',
              capacityBytes: 1_000_000,
            });
            for (const pushed of next.records) writer.add(pushed);
            await writer.finish();
            model.push(next.records, version);
          } else {
            const stage = adsStage(store, { workspace, source: next.source, version, capacityBytes: 200 });
            await fill(stage, next.records);
            const options = { mode: next.kind, skipDays: new Set(next.skip) };
            const foretold = await stage.changes(options);
            const applied = await stage.apply(applyOptions(options));
            const expected = model.apply(next, next.kind, version);
            expect(applied).toEqual(expected.applied);
            expect(foretold).toEqual(expected.changes);
          }
          const live = await rowsOf(
            store,
            `SELECT concat(toString(toUInt16(date)), '/', campaign_id) AS key, clicks, cost, extra, source
           FROM ad_performance FINAL WHERE workspace = '${workspace}' ORDER BY key`,
          );
          expect(live).toEqual(model.live());
        }
      }),
      { numRuns: rounds(40), seed: 1 },
    );
  },
);
