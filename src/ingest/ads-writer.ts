import { identifier, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import type { AdPerformance } from '../records/ad-performance.ts';
import type { Day } from '../records/day.ts';
import { DayBatches } from './day-batches.ts';
import { RowEncoder } from './row-binary.ts';
import { SeenKeys } from './seen-keys.ts';
import type { RecordWriter } from './writer.ts';

const table = identifier('ad_performance');
// The key's columns first, then the figures: `SeenKeys` takes them as two stretches of bytes.
const columns = sql`date, workspace, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted`;

/**
 * Writes ads rows in day batches while the feed is still being read: one INSERT is on its way while the next is filled.
 * Replays are harmless: the same key with the same or a newer version replaces the row.
 */
export function createAdsWriter(options: {
  store: Store;
  workspace: string;
  source: string;
  /** Microseconds: when what the source says is true, where rows do not say it themselves. */
  version: number;
  requestId: string;
  capacityBytes: number;
}): RecordWriter<AdPerformance> {
  const { store, workspace, source } = options;
  const encoder = new RowEncoder();
  const batches = new DayBatches(options.capacityBytes);
  const seen = new SeenKeys();
  const touched = new Set<Day>();
  const duplicates = { identical: 0, conflicting: 0 };
  let written = 0;
  let sending: Promise<void> = Promise.resolve();

  const encode = (record: AdPerformance): void => {
    encoder.start();
    encoder.uint16(record.day);
    encoder.text(workspace);
    encoder.text(record.channel);
    encoder.text(record.campaignId);
    encoder.text(record.adGroupId);
    encoder.text(record.adId);
    encoder.text(record.utmCampaign);
    encoder.text(record.utmSource);
    encoder.text(record.utmMedium);
    encoder.text(record.utmContent);
    encoder.text(record.utmTerm);
    encoder.text(record.currency);
    const keyEnd = encoder.length;
    encoder.uint64(record.clicks);
    encoder.uint64(record.impressions);
    encoder.money(record.cost);
    const state = seen.add(encoder.bytes(), keyEnd, encoder.length);
    if (state !== 'new') duplicates[state] += 1;
    encoder.text(source);
    encoder.uint64(
      record.updatedAt === undefined ? options.version : Math.min(record.updatedAt * 1_000, options.version),
    );
    encoder.uint8(0);
  };

  const send = async (): Promise<void> => {
    // Batches arrive in the order of the feed, so that of two rows with one key the last wins.
    await sending;
    const batch = batches.take();
    for (const day of batch.days) touched.add(day);
    sending = store
      .insert(table, columns, 'RowBinary', batch.chunks, { requestId: options.requestId })
      .then(() => {
        written += batch.rows;
      });
    // The next `await sending` throws it; until then it must not count as unhandled.
    sending.catch(() => undefined);
  };

  return {
    add(record) {
      encode(record);
      batches.add(record.day, encoder.bytes());
    },
    get full() {
      return batches.full;
    },
    send,
    async finish() {
      while (!batches.isEmpty) await send();
      await sending;
    },
    progress: () => ({
      written: Math.max(0, written - duplicates.identical - duplicates.conflicting),
      duplicates,
      touched,
      duplicatesUnchecked: seen.overflowed,
    }),
  };
}
