import type { Actor, AuditEntry } from './entry.ts';

/** Kinds of denied attempts that are told apart in one window; all further ones are one kind. */
const maxKinds = 1_000;

export interface Denial {
  readonly action: string;
  readonly outcome: string;
  readonly actor: Actor;
  readonly workspace: string;
  readonly requestId: string;
}

/**
 * Denied attempts, without letting whoever is denied fill the log: the first of a caller, an endpoint and a code is told
 * at once, and the others of the same window together at its end, as a number.
 */
export interface Denials {
  note(denial: Denial): void;
  /** Tells those that were counted. */
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
