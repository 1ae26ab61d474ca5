import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IngestMode } from '../../../src/ingest/runs/run.ts';
import type { Day } from '../../../src/records/day.ts';
import type { Opportunity } from '../../../src/records/opportunity.ts';
import { openMigratedStore } from '../../support/database.ts';
import { rounds } from '../../support/rounds.ts';
import { applyOptions, dayOf, fill, nextVersion, opportunity, opportunityStage, rowsOf } from './support.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterAll(() => store.drop());

const firstDay = dayOf('2025-08-01');
const days = [firstDay, firstDay + 1, firstDay + 2];

interface Row {
  readonly id: string;
  readonly day: Day;
  readonly amount: number;
  readonly source: string;
  readonly version: number;
  readonly isDeleted: boolean;
}

interface Step {
  readonly mode: IngestMode;
  readonly source: string;
  readonly records: readonly Opportunity[];
  readonly skip: readonly Day[];
}

/** What is stored, as the rules in `Stage` say it. */
class Model {
  readonly rows = new Map<string, Row>();

  apply({ mode, source, records, skip }: Step, version: number) {
    const base = ({ updatedAt }: Opportunity): number =>
      mode === 'replace' || updatedAt === undefined ? version : Math.min(updatedAt * 1_000, version);
    /** A deletion is true as of when the feed was read. */
    const saidAt = (record: Opportunity): number => (record.isDeleted ? version : base(record));
    const winners = new Map<string, Opportunity>();
    for (const record of records) {
      const other = winners.get(record.opportunityId);
      if (other === undefined || base(record) >= base(other)) winners.set(record.opportunityId, record);
    }
    const applied = { written: 0, changed: 0, removed: 0, deleted: 0, outdated: 0, superseded: 0 };
    const touched = new Set<Day>();
    const returned = records.map(({ day }) => day).filter((day) => !skip.includes(day));
    const liveOf = (id: string): Row[] =>
      [...this.rows.values()].filter((row) => row.id === id && !row.isDeleted);
    for (const [id, record] of winners) {
      const live = liveOf(id);
      const here = live.find(({ day }) => day === record.day);
      const isOwn = (row: Row): boolean => row.source === source;
      if (skip.includes(record.day) || live.some(({ day }) => skip.includes(day))) {
        applied.superseded += 1;
      } else if (
        !record.isDeleted &&
        here &&
        isOwn(here) &&
        here.amount === record.amount &&
        live.length === 1
      ) {
        applied.written += 1;
      } else if (live.some((row) => row.version > saidAt(record) && !(mode === 'replace' && isOwn(row)))) {
        applied.outdated += 1;
      } else {
        const gone = here === undefined ? (this.rows.get(`${id}/${record.day}`)?.version ?? 0) : 0;
        const newest = Math.max(
          saidAt(record),
          gone > saidAt(record) ? version : 0,
          ...live.map((row) => row.version),
        );
        for (const row of live) {
          if (row === here) continue;
          this.rows.set(`${id}/${row.day}`, { ...row, version: newest, isDeleted: true });
          touched.add(row.day);
        }
        const isKnown = record.isDeleted && live.length === 0 && gone > 0;
        if (record.isDeleted) {
          applied.deleted += 1;
          applied.removed += live.length;
          if (here) touched.add(record.day);
        }
        if (isKnown) continue;
        this.rows.set(`${id}/${record.day}`, {
          id,
          day: record.day,
          amount: record.amount,
          source,
          version: newest,
          isDeleted: record.isDeleted,
        });
        if (record.isDeleted) continue;
        touched.add(record.day);
        applied.written += 1;
        applied.changed += 1;
      }
    }
    if (mode === 'replace') {
      for (const [key, row] of this.rows) {
        if (row.isDeleted || row.source !== source || !returned.includes(row.day) || winners.has(row.id))
          continue;
        this.rows.set(key, { ...row, isDeleted: true, version: Math.max(row.version, version) });
        applied.removed += 1;
        touched.add(row.day);
      }
    }
    return { ...applied, touched };
  }

  live(): readonly unknown[] {
    return [...this.rows]
      .filter(([, { isDeleted }]) => !isDeleted)
      .map(([key, { amount, source }]) => [key, amount, source])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  }
}

const record = fc
  .record({
    day: fc.constantFrom(...days),
    opportunityId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    amount: fc.integer({ min: 0, max: 2 }),
    isDeleted: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
    updatedAt: fc.option(
      fc.integer({ min: 0, max: 3 }).map((at) => Date.UTC(2025, 8, 1 + at)),
      { nil: undefined },
    ),
  })
  .map(({ day, ...rest }) => opportunity({ day, createdAt: 0, ...rest }));
const step: fc.Arbitrary<Step> = fc.record({
  mode: fc.constantFrom('upsert', 'upsert', 'replace'),
  source: fc.constantFrom('feed', 'feed', 'other'),
  records: fc.array(record, { maxLength: 8 }),
  skip: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constantFrom(...days).map((day) => [day]) },
  ),
});

it(
  'random runs leave what the rules say, each record on one day, and count what they say',
  { timeout: 600_000 },
  async () => {
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const workspace = `model-${turn++}`;
        const model = new Model();
        for (const next of steps) {
          const version = nextVersion();
          const stage = opportunityStage(store, {
            workspace,
            source: next.source,
            version,
            capacityBytes: 200,
          });
          await fill(stage, next.records);
          const options = { mode: next.mode, skipDays: new Set(next.skip) };
          const foretold = await stage.changes(options);
          const applied = await stage.apply(applyOptions(options));
          await stage.discard();
          const expected = model.apply(next, version);
          expect(applied).toEqual(expected);
          expect(new Set(foretold.map(({ day }) => day))).toEqual(expected.touched);
          const live = await rowsOf(
            store,
            `SELECT concat(opportunity_id, '/', toString(toUInt16(date))) AS key, amount, source
           FROM opportunities FINAL WHERE workspace = '${workspace}' ORDER BY key`,
          );
          expect(live).toEqual(model.live());
        }
      }),
      { numRuns: rounds(30), seed: 1 },
    );
  },
);
