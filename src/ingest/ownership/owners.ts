import { z } from 'zod';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import type { Source } from '../../sources/source.ts';
import type { Clock } from '../../time.ts';
import type { DayMerger } from '../storage/merge-days.ts';
import { readSettings } from '../storage/staged-rows.ts';
import { createRowMover } from './move-rows.ts';
import { type Move, opportunityMoves, plainMoves } from './moves.ts';
import { type OwnedTable, opportunityOwnersStatement, ownersStatement } from './statements.ts';

/** In ClickHouse's query log, in place of a request's id. */
const requestId = 'owners';

/** A process of an earlier version may go on writing beside this one: so often it is looked for what that has left. */
const lookEveryMs = 60_000;

const plainOwner = z.object({ workspace: z.string(), source: z.string() });
const opportunityOwner = plainOwner.extend({ namespace: z.string() });

/**
 * Keeps stored rows with the source that they belong to by the settings in force: after an upgrade from before there were
 * namespaces, after a source has got another name (`formerly`), or another `namespace`. Figures stay as they are, but for
 * records that two sources had sent before they shared a namespace: of those the newest state stays.
 */
export interface Owners {
  /**
   * Call it before looking up or writing records. Quick where nothing has changed since the last call.
   *
   * @throws UtmqlError when the store fails: then nothing may be written, since a record could be stored twice
   */
  settle(): Promise<void>;
  /** Ends what is at work; the next start goes on with it. */
  stop(): Promise<void>;
}

export function createOwners(options: {
  store: Store;
  /** As they are now. */
  sources: () => readonly Source[];
  /** The lock of all who write opportunities. */
  lock: Lock;
  merger: DayMerger;
  clock: Clock;
  logger: Logger;
}): Owners {
  const { store, lock, merger, clock, logger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const reading = { requestId, signal, settings: readSettings };
  let settled: { readonly sources: readonly Source[]; readonly at: number } | undefined;
  let working: Promise<void> | undefined;

  const apply = async (table: OwnedTable, move: Move): Promise<void> => {
    const mover = createRowMover({ store, workspace: move.workspace, requestId, signal });
    const days = await mover.move(table, move);
    if (table !== 'exchange_rates') merger.add(table, days);
    logger.info({ table, ...move, days: days.length }, 'stored rows were given to whom they belong');
  };

  const settleAll = async (sources: readonly Source[]): Promise<void> => {
    for (const [kind, table] of [
      ['ad_performance', 'ad_performance'],
      ['exchange_rate', 'exchange_rates'],
    ] as const) {
      if (!sources.some((source) => source.kind === kind && source.formerly.length > 0)) continue;
      const stored = await store.select(plainOwner, ownersStatement(table), reading);
      for (const move of plainMoves(kind, stored, sources)) await apply(table, move);
    }
    const findMoves = async (): Promise<Move[]> =>
      opportunityMoves(await store.select(opportunityOwner, opportunityOwnersStatement, reading), sources);
    if ((await findMoves()).length === 0) return;
    await lock.runExclusive(async () => {
      // Another process may have done it meanwhile.
      for (const move of await findMoves()) await apply('opportunities', move);
    });
  };

  return {
    async settle() {
      // One that is at work may have begun with other sources.
      while (working !== undefined) await working.catch(() => undefined);
      const sources = options.sources();
      const now = clock.now();
      if (settled?.sources === sources && now >= settled.at && now - settled.at < lookEveryMs) return;
      signal.throwIfAborted();
      working = settleAll(sources).then(() => {
        settled = { sources, at: now };
      });
      try {
        await working;
      } finally {
        working = undefined;
      }
    },
    async stop() {
      stopping.abort();
      await working?.catch(() => undefined);
    },
  };
}
