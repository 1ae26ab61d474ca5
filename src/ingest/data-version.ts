import type { Store } from '../clickhouse/store.ts';

/** Tells when the stored data of a workspace has changed, so that nothing older is served from a cache. */
export interface DataVersion {
  /** Differs after every change that this process has made to the workspace's data. */
  of(workspace: string): number;
  /** Call it as soon as the store has acknowledged a change. */
  bump(workspace: string): void;
  /** The same store; everything written through it bumps the workspace's version. */
  watch(store: Store, workspace: string): Store;
}

export function createDataVersion(): DataVersion {
  const versions = new Map<string, number>();
  const bump = (workspace: string): void => {
    versions.set(workspace, (versions.get(workspace) ?? 0) + 1);
  };
  return {
    of: (workspace) => versions.get(workspace) ?? 0,
    bump,
    watch: (store, workspace) => ({
      ...store,
      // In `finally`: a write that ends with an error may have stored a part.
      insert: (...call) => store.insert(...call).finally(() => bump(workspace)),
      command: (...call) => store.command(...call).finally(() => bump(workspace)),
    }),
  };
}
