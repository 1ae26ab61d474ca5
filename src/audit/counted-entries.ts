import type { AuditEntry } from './entry.ts';

/** Maximum number of kinds of such entries in one period. All further ones count as one kind for each `AuditKind`. */
const maxKinds = 1_000;

/** A denied attempt. */
export type Denial = Pick<AuditEntry, 'action' | 'outcome' | 'actor' | 'workspace' | 'requestId'>;

/** A share link that was opened. */
export type Opening = Omit<AuditEntry, 'kind' | 'attempts'>;

type Counted = Omit<AuditEntry, 'attempts'>;

/**
 * Notes what anybody can do as often as they like, without letting them fill the log. The first of a caller, action and outcome is logged at
 * once. Further ones of the same period are logged together at its end, as a number.
 */
export interface CountedEntries {
  note(entry: Counted): void;
  /** Logs what is only counted so far. */
  close(): void;
}

export function createCountedEntries(options: {
  windowMs: number;
  tell: (entry: AuditEntry) => void;
}): CountedEntries {
  let kinds = new Map<string, { readonly entry: Counted; more: number }>();
  let timer: NodeJS.Timeout | undefined;
  const tell = (entry: Counted, attempts: number): void => options.tell({ ...entry, attempts });
  const closeWindow = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const ended = kinds;
    kinds = new Map();
    for (const { entry, more } of ended.values()) if (more > 0) tell(entry, more);
  };
  return {
    note(given) {
      const own = keyOf(given);
      const entry = kinds.has(own) || kinds.size < maxKinds ? given : summarised(given);
      const key = keyOf(entry);
      const known = kinds.get(key);
      if (known) {
        known.more++;
        return;
      }
      kinds.set(key, { entry, more: 0 });
      timer ??= setTimeout(closeWindow, options.windowMs).unref();
      tell(entry, 1);
    },
    close: closeWindow,
  };
}

const keyOf = ({ kind, actor, workspace, action, outcome }: Counted): string =>
  JSON.stringify([kind, actor?.id, workspace, action, outcome]);

const summarised = (entry: Counted): Counted => ({
  ...entry,
  actor: undefined,
  workspace: '',
  action: 'other',
  requestId: '',
  durationMs: 0,
  details: {},
});
