import { randomUUID } from 'node:crypto';
import { Mutex } from 'async-mutex';
import { attributionAliases } from '../../src/aliases/aliases.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createAttribution } from '../../src/ingest/attribution/attribution.ts';
import { createAdsWriter } from '../../src/ingest/kinds/ad-performance.ts';
import { eventKind } from '../../src/ingest/kinds/event.ts';
import { createOpportunityWriter } from '../../src/ingest/kinds/opportunity.ts';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { createOpportunityNormaliser, type OpportunityRules } from '../../src/records/opportunity.ts';
import { type Outcome, Repairs } from '../../src/records/outcome.ts';
import { defaultStages } from '../../src/records/stage.ts';

export const testRules: OpportunityRules = {
  timezone: 'UTC',
  currency: 'USD',
  stages: defaultStages,
  contactHashKey: 'a key of sixteen characters',
};

type Raw = Readonly<Record<string, unknown>>;

/** Writes raw records through the program's own normalisers, writers and attribution, without a source in front. */
export function createRecordLoader(store: Store, options: { windowDays?: number; workspace?: string } = {}) {
  const workspace = options.workspace ?? 'default';
  const lock = new Mutex();
  const attribution = createAttribution({
    store,
    windowDays: options.windowDays ?? 30,
    aliases: attributionAliases,
    lock,
    eventLock: new Mutex(),
  });
  const ads = createAdPerformanceNormaliser(testRules);
  const crm = createOpportunityNormaliser(testRules);
  const event = eventKind.createNormaliser({ ...testRules, makeId: randomUUID, now: () => Date.now() });
  let clock = Date.UTC(2026, 0, 1) * 1_000;

  const accept = <T>(outcome: Outcome<T>): T => {
    if ('reject' in outcome) throw new Error(outcome.reject.detail);
    return outcome.record;
  };
  const writerOptions = (version: number | undefined) => {
    clock += 1_000;
    return {
      store,
      workspace,
      source: 'test',
      namespace: 'test',
      requestId: 'test',
      version: version ?? clock,
      capacityBytes: 1_000_000,
      lock,
    };
  };

  const writeAds = async (rows: readonly Raw[], version?: number) => {
    const writer = createAdsWriter(writerOptions(version));
    for (const row of rows) writer.add(accept(ads(row, new Repairs())));
    await writer.finish();
    return writer.progress().touched;
  };

  const writeEvents = async (rows: readonly Raw[]) => {
    const options = writerOptions(undefined);
    const writer = eventKind.createWriter(options);
    for (const row of rows) writer.add(accept(event(row, new Repairs())), options.version);
    await writer.finish();
    return writer.progress().touched;
  };

  return {
    attribution,
    async ads(rows: readonly Raw[], version?: number): Promise<void> {
      await attribution.afterAds(
        workspace,
        await writeAds(rows, version),
        { requestId: 'test' },
        async () => undefined,
      );
    },
    async events(rows: readonly Raw[]): Promise<void> {
      await attribution.afterEvents(workspace, await writeEvents(rows), { requestId: 'test' });
    },
    eventsOnly: (rows: readonly Raw[]): Promise<ReadonlySet<number>> => writeEvents(rows),
    /** As a process that dies before the attribution leaves them. */
    adsOnly: (rows: readonly Raw[], version?: number): Promise<ReadonlySet<number>> =>
      writeAds(rows, version),
    async crm(rows: readonly Raw[], version?: number): Promise<void> {
      const writer = createOpportunityWriter(writerOptions(version));
      for (const row of rows) writer.add(accept(crm(row, new Repairs())));
      await writer.finish();
      await attribution.afterOpportunities(workspace, writer.progress().touched, { requestId: 'test' });
    },
  };
}
