import { z } from 'zod';
import { columnsOf } from '../../clickhouse/columns-of.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import { bind, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { type Day, parseIsoDay } from '../../records/day.ts';
import { createOpportunityNormaliser, type Opportunity } from '../../records/opportunity.ts';
import { createRejectedIdReader } from '../../records/rejected-id.ts';
import { columnSet, valueIn } from '../storage/column-set.ts';
import { DayBatches } from '../storage/day-batches.ts';
import { listOf, rowFormat } from '../storage/record-table.ts';
import { RowEncoder } from '../storage/row-binary.ts';
import type { RecordWriter } from '../storage/stage.ts';
import { type PulledKind, withVersions } from './kind.ts';
import { createOpportunityStage } from './opportunity-stage.ts';
import { type Attributed, attributedBy, opportunityTable } from './opportunity-table.ts';

const row = rowFormat(
  opportunityTable,
  columnSet<Attributed & { version: number; isDeleted: boolean }>()({
    channel: 'String',
    campaign_id: 'String',
    match: 'String',
    version: 'UInt64',
    is_deleted: 'UInt8',
  }),
);

/** How many records are looked up and written at a time. */
const batchSize = 10_000;

const unattributed: Attributed = { channel: '', campaignId: '', match: 'UNATTRIBUTED' };

const storedRow = z.object({
  date: z.string(),
  opportunity_id: z.string(),
  version: z.number(),
  ...columnsOf(attributedBy, () => z.string()),
  channel: z.string(),
  campaign_id: z.string(),
  match: z.string(),
});
type StoredRow = z.infer<typeof storedRow>;

export const opportunityKind: PulledKind<Opportunity> = {
  table: opportunityTable,
  retention: 'DATA_RETENTION_DAYS',
  attributed: 'opportunities',
  isMerged: true,
  waitsForRuns: true,
  arrivalField: undefined,
  keyOf: opportunityTable.keyOf,
  dayOfKey: undefined,
  createNormaliser: createOpportunityNormaliser,
  createRejectedKeyReader(rules) {
    const read = createRejectedIdReader('opportunity_id', rules);
    return (raw) => {
      const id = read(raw);
      return id === undefined ? undefined : JSON.stringify([id]);
    };
  },
  createWriter: (options) => withVersions(createOpportunityWriter(options), options.version),
  rawFieldsOf: ({ createdAt, closedAt, stageName }) => ({
    created_at: new Date(createdAt).toISOString(),
    closed_at: closedAt === 0 ? '' : new Date(closedAt).toISOString(),
    stage: stageName,
  }),
  withoutOwnTime: (record) => ({ ...record, updatedAt: undefined }),
  folding: undefined,
  isAskedByDay: false,
  openPull: ({ rules, ...options }) => ({
    normalise: createOpportunityNormaliser(rules),
    stage: createOpportunityStage(options),
    remainsOf: () => 'nothing',
    keep: () => undefined,
  }),
};

/**
 * Writes CRM records as current state; what the CRM has deleted is deleted on whatever day it is stored. A record whose day has changed is deleted on its old day in the same INSERT, since
 * the two days are two partitions that ReplacingMergeTree would never bring together. What a record is attributed to
 * stays with it while its day and UTMs stay; otherwise it waits, unattributed, for the attribution after the run.
 *
 * @param options.lock held from look-up to write, so that two runs cannot both move one record.
 */
export function createOpportunityWriter(options: {
  store: Store;
  workspace: string;
  source: string;
  /** Whose ids the records have. */
  namespace: string;
  version: number;
  requestId: string;
  lock: Lock;
}): RecordWriter<Opportunity> {
  const { store, workspace } = options;
  const namespace = bind('String', options.namespace);
  const constants = {
    workspace: bind('String', workspace),
    namespace,
    source: bind('String', options.source),
  };
  const encoder = new RowEncoder();
  const touched = new Set<Day>();
  const duplicates = { identical: 0, conflicting: 0 };
  let pending = new Map<string, Opportunity>();
  let written = 0;
  let outdated = 0;
  let sending: Promise<void> = Promise.resolve();

  const versionOf = (record: Opportunity): number =>
    record.updatedAt === undefined ? options.version : Math.min(record.updatedAt * 1_000, options.version);

  const lookUp = async (ids: readonly string[]): Promise<Map<string, StoredRow[]>> => {
    const rows = await store.select(
      storedRow,
      sql`SELECT ${listOf(Object.keys(storedRow.shape))}
          FROM opportunities FINAL
          WHERE workspace = ${bind('String', workspace)} AND namespace = ${namespace} AND opportunity_id IN (${bind('Array(String)', ids)})`,
      { requestId: options.requestId, settings: { max_rows_to_read: '0' } },
    );
    const byId = new Map<string, StoredRow[]>();
    for (const row of rows) byId.set(row.opportunity_id, [...(byId.get(row.opportunity_id) ?? []), row]);
    return byId;
  };

  const encode = (record: Opportunity, attributed: Attributed, isDeleted: boolean): void => {
    encoder.start();
    row.write(encoder, record, { ...attributed, version: versionOf(record), isDeleted });
  };

  const write = async (records: Map<string, Opportunity>): Promise<void> => {
    const stored = await lookUp([...records.keys()]);
    const batches = new DayBatches(Number.POSITIVE_INFINITY);
    let fresh = 0;
    for (const record of records.values()) {
      const rows = stored.get(record.opportunityId) ?? [];
      if (rows.some((row) => row.version > versionOf(record))) {
        outdated += 1;
        continue;
      }
      const same = rows.find((row) => parseIsoDay(row.date) === record.day);
      // Also where nothing is stored: an older state of a deleted record may still come.
      encode(record, carriedOver(record, same), record.isDeleted);
      batches.add(record.day, encoder);
      fresh += 1;
      for (const row of rows) {
        const day = parseIsoDay(row.date);
        if (day === undefined || day === record.day) continue;
        encode({ ...record, day }, unattributed, true);
        batches.add(day, encoder);
      }
    }
    while (!batches.isEmpty) {
      const batch = batches.take();
      for (const day of batch.days) touched.add(day);
      await store.insert(opportunityTable.name, row.columns, 'RowBinary', batch.chunks, {
        requestId: options.requestId,
        changesAnswersOf: [workspace],
        constants,
        // Rows can be of equal versions (`updated_at`): what is pushed again after something else was, is to be stored.
        deduplicationSalt: String(options.version),
        rows: batch.rows,
      });
    }
    written += fresh;
  };

  const send = async (): Promise<void> => {
    await sending;
    const records = pending;
    pending = new Map();
    sending = options.lock.runExclusive(() => write(records));
    sending.catch(() => undefined);
  };

  return {
    add(record) {
      const earlier = pending.get(record.opportunityId);
      if (earlier !== undefined) {
        duplicates[isSame(earlier, record) ? 'identical' : 'conflicting'] += 1;
        if (versionOf(earlier) > versionOf(record)) return;
      }
      pending.set(record.opportunityId, record);
    },
    get full() {
      return pending.size >= batchSize;
    },
    send,
    async finish() {
      if (pending.size > 0) await send();
      await sending;
    },
    progress: () => ({ written, duplicates, outdated, touched, duplicatesUnchecked: false }),
  };
}

function carriedOver(record: Opportunity, stored: StoredRow | undefined): Attributed {
  if (stored === undefined) return unattributed;
  const stays = attributedBy.every((column) => stored[column] === valueIn(record, column));
  return stays
    ? { channel: stored.channel, campaignId: stored.campaign_id, match: stored.match }
    : unattributed;
}

function isSame(a: Opportunity, b: Opportunity): boolean {
  return (Object.keys(a) as (keyof Opportunity)[]).every((key) => a[key] === b[key]);
}
