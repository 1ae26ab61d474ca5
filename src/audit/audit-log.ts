import { uuidv7 } from 'uuidv7';
import { jsonRow } from '../clickhouse/json-row.ts';
import { insertColumns, type Store } from '../clickhouse/store.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { createCountedEntries, type Denial, type Opening } from './counted-entries.ts';
import type { AuditEntry } from './entry.ts';
import { createPseudonym } from './pseudonym.ts';

/** Rows of one insert, and the maximum wait for further rows. */
const batchRows = 500;
const flushEveryMs = 1_000;
/** Maximum number of rows that wait for an unavailable store. Further entries are only in the log lines. */
const maxWaiting = 10_000;
/** Maximum wait for the last rows at shutdown. */
const lastFlushMs = 150;
/** Period in which equal denied attempts, and openings of one link, are counted together. */
const countedWindowMs = 60_000;

/**
 * The audit log: who did what. `note` returns immediately and never fails. It writes a log line at once and a row to the table
 * shortly after.
 */
export interface AuditLog {
  note(entry: AuditEntry): void;
  noteDenial(denial: Denial): void;
  noteOpening(opening: Opening): void;
  /** Starts writing rows to the store. */
  begin(store: Pick<Store, 'insert'>): void;
  /** Writes the waiting rows now. */
  flush(): Promise<void>;
  /** Writes as many waiting rows as it can in a short time. The store must still be open. */
  close(): Promise<void>;
}

export function createAuditLog(options: {
  clock: Clock;
  logger: Logger;
  /** The key for pseudonyms of names that are e-mail addresses. */
  pseudonymKey: string;
  onDropped: (rows: number) => void;
  countedWindowMs?: number;
}): AuditLog {
  const { clock, logger, onDropped } = options;
  const lines = logger.level === 'silent' ? logger : logger.child({ audit: true }, { level: 'info' });
  const pseudonym = createPseudonym(options.pseudonymKey);
  let store: Pick<Store, 'insert'> | undefined;
  let waiting: Buffer[] = [];
  let flushing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;

  const end = new AbortController();
  const { signal } = end;

  const send = async (): Promise<void> => {
    while (store !== undefined && waiting.length > 0) {
      const batch = waiting.slice(0, batchRows);
      try {
        await store.insert('audit_log', columns, 'JSONEachRow', batch, {
          deduplicate: false,
          signal,
          changesAnswersOf: [],
        });
      } catch (error) {
        if (!isFailing) logger.warn({ err: error }, 'the audit log cannot be written; its rows wait');
        isFailing = true;
        return;
      }
      isFailing = false;
      waiting = waiting.slice(batch.length);
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= send().finally(() => {
      flushing = undefined;
      if (waiting.length > 0) schedule();
    });
    return flushing;
  };
  const schedule = (): void => {
    if (store === undefined) return;
    timer ??= setTimeout(() => void flush(), flushEveryMs).unref();
    if (waiting.length >= batchRows && !isFailing) void flush();
  };

  const note = (entry: AuditEntry): void => {
    const row = toRow(entry, clock.now(), pseudonym);
    const { version: _version, date: _date, details: _details, ...line } = row;
    lines.info({ ...line, details: entry.details }, 'audit');
    if (waiting.length < maxWaiting) waiting.push(jsonRow(row));
    else onDropped(1);
    schedule();
  };
  const counted = createCountedEntries({
    windowMs: options.countedWindowMs ?? countedWindowMs,
    tell: note,
  });

  return {
    note,
    noteDenial: (denial) => counted.note({ ...denial, kind: 'denied', durationMs: 0, details: {} }),
    noteOpening: (opening) => counted.note({ ...opening, kind: 'share' }),
    begin(opened) {
      store = opened;
      schedule();
    },
    flush,
    async close() {
      counted.close();
      const late = setTimeout(() => end.abort(), lastFlushMs);
      // A running insert may have started before the last rows were noted.
      await flushing;
      await flush();
      clearTimeout(late);
      store = undefined;
      clearTimeout(timer);
      if (waiting.length > 0) onDropped(waiting.length);
      waiting = [];
    },
  };
}

function toRow(entry: AuditEntry, now: number, pseudonym: (text: string) => string) {
  const { kind, action, outcome, actor, workspace, requestId, durationMs, attempts, details } = entry;
  const at = new Date(now).toISOString();
  return {
    workspace,
    date: at.slice(0, 10),
    audit_id: uuidv7(),
    at,
    kind,
    action,
    outcome,
    caller_id: pseudonym(actor?.id ?? ''),
    caller_name: pseudonym(actor?.name ?? ''),
    role: actor?.role ?? '',
    request_id: requestId,
    duration_ms: Math.round(durationMs * 1_000) / 1_000,
    attempts,
    details: JSON.stringify(details),
    version: now,
  };
}

const columns = insertColumns(
  toRow(
    {
      kind: 'denied',
      action: '',
      outcome: '',
      actor: undefined,
      workspace: '',
      requestId: '',
      durationMs: 0,
      attempts: 0,
      details: {},
    },
    0,
    String,
  ),
);
