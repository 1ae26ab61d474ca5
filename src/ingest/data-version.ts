import type { Store } from '../clickhouse/store.ts';

/** Tells when the stored data of a workspace has changed, so that nothing older is served from a cache. */
export interface DataVersion {
  /** Differs after every change to the workspace's data: at once after this process's own, soon after another's. */
  of(workspace: string): number;
  /** Call it as soon as the store has acknowledged a change. */
  bump(workspace: string): void;
  /** The same store; everything written through it that answers are made of bumps the workspace's version. */
  watch(store: Store, workspace: string): Store;
}

/** No answer is made of these, which hold what a run is about to write. */
const unseen: ReadonlySet<string> = new Set([
  'staged_ad_performance',
  'staged_opportunities',
  'planned_opportunities',
]);

/** The table that a statement writes, as reads name it (`Layout.held`); none for those that write no data. */
const target = /^\s*(?:INSERT INTO|ALTER TABLE|TRUNCATE TABLE)\s+(?:[a-z0-9_]+\.)?([a-z_]+?)(?:_local)?\b/;

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
    watch(store, workspace) {
      const bumpFor = (table: string | undefined): void => {
        if (table !== undefined && !unseen.has(table)) bump(workspace);
      };
      return {
        ...store,
        // In `finally`: a write that ends with an error may have stored a part.
        insert: (...call) => store.insert(...call).finally(() => bumpFor(call[0])),
        command: (...call) =>
          store.command(...call).finally(() => bumpFor(target.exec(call[0].compile().sql)?.[1])),
      };
    },
  };
}
