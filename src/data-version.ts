import { z } from 'zod';
import { bind, sql } from './clickhouse/sql.ts';
import type { Store } from './clickhouse/store.ts';
import { wrapStore } from './clickhouse/wrap-store.ts';
import type { Logger } from './logger.ts';

/** Tells when the stored data of a workspace has changed, so that nothing older is served from a cache. */
export interface DataVersion {
  /** Differs after every change to the workspace's data: at once after this process's own, soon after another's. */
  of(workspace: string): number;
  /** Call it when answers change for another reason than a write to the store. */
  bump(workspace: string): void;
  /** The same store: each write through it bumps the version of the workspace that it names. */
  watch(store: Store): Store;
}

/**
 * Counts the changes.
 *
 * @param options.onChange hears of changes of this process
 * @param options.onAsked hears whenever a version is asked for, before it is given
 */
export function createDataVersion(
  options: { onChange?: (workspace: string) => void; onAsked?: () => void } = {},
): DataVersion & {
  /** Another process has changed this workspace's data, or, without one, any data. */
  changedElsewhere(workspace?: string): void;
} {
  const versions = new Map<string, number>();
  /** Changes of which nobody knows whose data they touched. */
  let common = 0;
  const count = (workspace: string): void => {
    versions.set(workspace, (versions.get(workspace) ?? 0) + 1);
  };
  const bump = (workspace: string): void => {
    count(workspace);
    options.onChange?.(workspace);
  };
  return {
    of(workspace) {
      options.onAsked?.();
      return common + (versions.get(workspace) ?? 0);
    },
    bump,
    changedElsewhere(workspace) {
      if (workspace === undefined) common += 1;
      else count(workspace);
    },
    watch: (store) =>
      wrapStore(store, {
        async write(options, next) {
          let mayHaveChanged = true;
          const onWritten = (rows: number): void => {
            mayHaveChanged = rows > 0;
            options.onWritten?.(rows);
          };
          try {
            await next({ ...options, onWritten });
          } finally {
            // Also a write that ends with an error may have stored a part.
            if (mayHaveChanged) for (const workspace of options.changesAnswersOf) bump(workspace);
          }
        },
      }),
  };
}

/** How often a process looks what the others have changed. */
const lookEveryMs = 1_000;
/** How often a process that changes much says so. */
const tellEveryMs = 500;

const changeRow = z.object({ workspace: z.string(), owner: z.string(), changed_at: z.string() });
const quiet = { log_queries: 0 } as const;

/**
 * A data version that hears of other processes' changes through the table `data_versions`: a cached answer is never older
 * than about two seconds, and no request waits for a look at the store. While the store cannot be asked, only this
 * process's own changes count.
 *
 * Nobody looks while nobody asks. An answer that was cached before such a pause may be as old as the pause is long, so the
 * first question after one of `idleMs` finds a new version.
 *
 * @param options.idleMs how long answers are kept; 0: there is no cache, and nothing to be looked for
 */
export function createSharedDataVersion(options: {
  store: Store;
  owner: string;
  idleMs: number;
  logger: Logger;
}): DataVersion & { stop(): Promise<void> } {
  const { store, owner, idleMs, logger } = options;
  const known = new Map<string, string>();
  /** Workspaces whose change the others have not been told of. */
  const untold = new Set<string>();
  let askedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let lookTimer: NodeJS.Timeout | undefined;
  let telling: Promise<void> | undefined;
  let tellTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  const version = createDataVersion({
    onChange(workspace) {
      untold.add(workspace);
      if (telling === undefined && tellTimer === undefined) tellSoon(0);
    },
    onAsked() {
      const now = performance.now();
      const isAwake = lookTimer !== undefined || looking !== undefined;
      askedAt = now;
      if (isAwake || stopped || idleMs === 0) return;
      version.changedElsewhere();
      lookSoon(0);
    },
  });

  const look = async (): Promise<void> => {
    try {
      const rows = await store.select(
        changeRow,
        sql`SELECT workspace, owner, toString(changed_at) AS changed_at FROM data_versions FINAL WHERE owner != ${bind('String', owner)}`,
        { settings: quiet },
      );
      for (const row of rows) {
        const key = JSON.stringify([row.workspace, row.owner]);
        if (known.get(key) === row.changed_at) continue;
        known.set(key, row.changed_at);
        version.changedElsewhere(row.workspace);
      }
    } catch (error) {
      if (!stopped) logger.debug({ err: error }, 'changes of other processes could not be looked for');
    }
  };

  const lookSoon = (inMs: number): void => {
    lookTimer = setTimeout(() => {
      lookTimer = undefined;
      looking = look().finally(() => {
        looking = undefined;
        if (!stopped && performance.now() - askedAt < idleMs) lookSoon(lookEveryMs);
      });
    }, inMs).unref();
  };

  const tell = async (): Promise<void> => {
    const workspaces = [...untold];
    untold.clear();
    try {
      await store.command(
        sql`INSERT INTO data_versions (workspace, owner) SELECT arrayJoin(${bind('Array(String)', workspaces)}), ${bind('String', owner)}`,
        { settings: quiet, changesAnswersOf: [] },
      );
    } catch (error) {
      for (const workspace of workspaces) untold.add(workspace);
      if (!stopped) logger.debug({ err: error }, 'a change could not be made known to other processes');
    }
  };

  const tellSoon = (inMs: number): void => {
    tellTimer = setTimeout(() => {
      tellTimer = undefined;
      telling = tell().finally(() => {
        telling = undefined;
        // A pause behind each: what changes meanwhile is told together.
        if (!stopped) tellTimer = setTimeout(tellAgain, tellEveryMs).unref();
      });
    }, inMs).unref();
  };
  const tellAgain = (): void => {
    tellTimer = undefined;
    if (untold.size > 0) tellSoon(0);
  };

  return {
    of: version.of,
    bump: version.bump,
    watch: version.watch,
    async stop() {
      stopped = true;
      clearTimeout(lookTimer);
      clearTimeout(tellTimer);
      await Promise.all([looking, telling]);
      if (untold.size > 0) await tell();
    },
  };
}
