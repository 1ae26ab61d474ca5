import type { Actor, AuditEntry } from './entry.ts';

/** Maximum number of kinds of denied attempts in one period. All further attempts count as one kind. */
const maxKinds = 1_000;

export interface Denial {
  readonly action: string;
  readonly outcome: string;
  readonly actor: Actor;
  readonly workspace: string;
  readonly requestId: string;
}

/**
 * Notes denied attempts, without letting callers fill the log. The first attempt of a caller, endpoint and code is logged at
 * once. Further ones of the same period are logged together at its end, as a number.
 */
export interface Denials {
  note(denial: Denial): void;
  /** Logs the attempts that are only counted so far. */
  close(): void;
}

export function createDenials(options: { windowMs: number; tell: (entry: AuditEntry) => void }): Denials {
  let kinds = new Map<string, { readonly denial: Denial; more: number }>();
  let timer: NodeJS.Timeout | undefined;
  const tell = (denial: Denial, attempts: number): void =>
    options.tell({ ...denial, kind: 'denied', durationMs: 0, attempts, details: {} });
  const closeWindow = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const ended = kinds;
    kinds = new Map();
    for (const { denial, more } of ended.values()) if (more > 0) tell(denial, more);
  };
  return {
    note(given) {
      const own = keyOf(given);
      const denial = kinds.has(own) || kinds.size < maxKinds ? given : summarised(given);
      const key = keyOf(denial);
      const known = kinds.get(key);
      if (known) {
        known.more++;
        return;
      }
      kinds.set(key, { denial, more: 0 });
      timer ??= setTimeout(closeWindow, options.windowMs).unref();
      tell(denial, 1);
    },
    close: closeWindow,
  };
}

const keyOf = ({ actor, workspace, action, outcome }: Denial): string =>
  JSON.stringify([actor?.id, workspace, action, outcome]);

const summarised = (denial: Denial): Denial => ({
  ...denial,
  actor: undefined,
  workspace: '',
  action: 'other',
  requestId: '',
});
