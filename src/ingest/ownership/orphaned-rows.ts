import { z } from 'zod';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import { badInput } from '../../errors.ts';
import type { Day } from '../../records/day.ts';
import { pushSource } from '../../records/names.ts';
import { type SourceKind, sourceKinds } from '../../sources/mapping/source-kind.ts';
import type { Source } from '../../sources/source.ts';
import type { AttributionQueue } from '../attribution/queue.ts';
import { pulledKinds } from '../kinds/kinds.ts';
import type { DayMerger } from '../storage/merge-days.ts';
import { readSettings } from '../storage/staged-rows.ts';
import { createRowMover } from './move-rows.ts';
import { type Move, type Ownership, sourceNamed } from './moves.ts';
import { namespacesStatement, type Owned, type OwnedTable, ownedCountStatement } from './statements.ts';

/** What a source that is no longer configured has stored, of one kind. */
export interface OrphanedRecords {
  readonly kind: SourceKind;
  readonly records: number;
  readonly days: number;
}

interface OrphanCall {
  readonly workspace: string;
  /** Its name, as stored rows have it. */
  readonly source: string;
  /** The configured source that gets its rows; undefined: they are deleted. */
  readonly handOverTo: string | undefined;
  /** Only tell what there is. */
  readonly dryRun: boolean;
  readonly requestId: string;
}

/** Hands rows of sources that are no longer configured over to another, or deletes them. */
export interface OrphanedRows {
  /**
   * Repeating it is harmless: it then finds nothing. One that was broken off is completed by the same call.
   *
   * @returns what there was, of each kind that had some; of a removal, once opportunities are attributed without it
   * @throws UtmqlError BAD_USER_INPUT for a source that is configured, or a receiver that is not
   */
  settle(call: OrphanCall): Promise<readonly OrphanedRecords[]>;
  /** Ends what is at work between two statements. */
  stop(): void;
}

const tables = {
  ad_performance: 'ad_performance',
  opportunity: 'opportunities',
  exchange_rate: 'exchange_rates',
} as const satisfies Record<SourceKind, OwnedTable>;
const countRow = z.object({ records: z.number(), days: z.number() });
const namespaceRow = z.object({ namespace: z.string() });

export function createOrphanedRows(options: {
  store: Store;
  /** As they are now. */
  sources: () => readonly Source[];
  /** The lock of all who write opportunities. */
  lock: Lock;
  queue: AttributionQueue;
  merger: DayMerger;
}): OrphanedRows {
  const { store, lock, queue, merger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  const settleKind = async (
    kind: SourceKind,
    call: OrphanCall,
    to: Ownership | undefined,
    marked: Set<Day>,
  ): Promise<OrphanedRecords> => {
    const { workspace, source, dryRun, requestId } = call;
    const table = tables[kind];
    const { attributed: side, isMerged } = pulledKinds[kind];
    const merge = (days: readonly Day[]): void => {
      if (isMerged) merger.add(table, days);
    };
    const reading = { requestId, signal, settings: readSettings };
    const [count = { records: 0, days: 0 }] = await store.select(
      countRow,
      ownedCountStatement(table, workspace, source),
      reading,
    );
    if (dryRun || count.records === 0) return { kind, ...count };
    const mover = createRowMover({ store, workspace, requestId, signal });
    const namespaces =
      kind === 'opportunity'
        ? await store.select(namespaceRow, namespacesStatement(workspace, source), reading)
        : [{ namespace: '' }];
    for (const { namespace } of namespaces) {
      const owned: Owned = { workspace, from: { source, namespace } };
      if (to !== undefined) {
        const move: Move = { ...owned, to: kind === 'opportunity' ? to : { ...to, namespace: '' } };
        merge(await mover.move(table, move));
        continue;
      }
      const found = await mover.daysOf(table, owned);
      const days = found.map(({ day }) => day).filter((day) => !marked.has(day));
      if (side !== undefined) await queue.mark(workspace, side, days);
      for (const day of days) marked.add(day);
      await mover.remove(table, owned, found);
      merge(days);
    }
    return { kind, ...count };
  };

  return {
    async settle(call) {
      const { workspace, handOverTo } = call;
      const sources = options.sources().filter((known) => known.workspace === workspace);
      refuseOwned(sources, call);
      const receiver = sources.find(({ name }) => name === handOverTo);
      if (handOverTo !== undefined && receiver === undefined) {
        const names = sources.map(({ name }) => name).join(', ') || 'none';
        throw badInput(`handOverTo: there is no source ${handOverTo}; configured: ${names}.`);
      }
      const kinds = receiver === undefined ? sourceKinds : [receiver.kind];
      const to = receiver && { source: receiver.name, namespace: receiver.namespace };
      const settled: OrphanedRecords[] = [];
      for (const kind of kinds) {
        const marked = new Set<Day>();
        const work = () => settleKind(kind, call, to, marked);
        try {
          settled.push(await (kind === 'opportunity' ? lock.runExclusive(work) : work()));
        } finally {
          // Whatever became of it. Behind the lock, which the attribution needs.
          const side = pulledKinds[kind].attributed;
          if (side !== undefined) await queue.settle(workspace, side, marked, { requestId: call.requestId });
        }
      }
      return settled.filter(({ records }) => records > 0);
    },
    stop: () => stopping.abort(),
  };
}

function refuseOwned(sources: readonly Source[], { workspace, source }: OrphanCall): void {
  if (source === pushSource) throw badInput('source: what was pushed has no source that could be gone.');
  const owner = sourceNamed(sources, workspace, source);
  if (owner !== undefined) {
    throw badInput(
      `source: the rows of ${source} are those of ${owner.name}, which is configured; take it out of the sources file first.`,
    );
  }
}
