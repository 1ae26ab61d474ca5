import { z } from 'zod';
import { instant } from '../clickhouse/instant.ts';
import { jsonRow } from '../clickhouse/json-row.ts';
import { bind, sql } from '../clickhouse/sql.ts';
import { type CallOptions, insertColumns, type Store } from '../clickhouse/store.ts';
import { type AlertState, alertStates } from './transition.ts';

const pendingMessages = z.array(z.object({ id: z.string(), body: z.string() }));

const stateRow = z
  .object({
    name: z.string(),
    state: z.enum(alertStates),
    is_firing: z.number(),
    since: instant,
    value: z.number().nullable(),
    reason: z.string(),
    checked_at: instant,
    pending: z.string(),
    delivery_error: z.string(),
    version: z.number(),
  })
  .transform((row) => ({
    name: row.name,
    version: row.version,
    state: {
      state: row.state,
      isFiring: row.is_firing === 1,
      since: row.since.getTime(),
      value: row.value ?? undefined,
      reason: row.reason,
      checkedAt: row.checked_at.getTime(),
      pending: pendingMessages.parse(JSON.parse(row.pending)),
      deliveryError: row.delivery_error,
    } satisfies AlertState,
  }));

/** The stored states of alerts. Whoever saves has the lock of all processes. */
export interface AlertStates {
  /** By name. */
  of(workspace: string, call?: CallOptions): Promise<ReadonlyMap<string, AlertState>>;
  save(workspace: string, name: string, state: AlertState): Promise<void>;
}

export function createAlertStates(store: Pick<Store, 'select' | 'insert'>): AlertStates {
  let lastVersion = 0;
  return {
    async of(workspace, call) {
      const rows = await store.select(
        stateRow,
        sql`SELECT name, state, is_firing, since, value, reason, checked_at, pending, delivery_error, version
            FROM alert_states FINAL WHERE workspace = ${bind('String', workspace)}`,
        call,
      );
      // What is saved after a look wins over what was seen, though another process's clock be ahead.
      for (const { version } of rows) lastVersion = Math.max(lastVersion, version);
      return new Map(rows.map(({ name, state }) => [name, state]));
    },
    async save(workspace, name, state) {
      lastVersion = Math.max(lastVersion + 1, Date.now() * 1_000);
      const row = {
        workspace,
        name,
        state: state.state,
        is_firing: state.isFiring ? 1 : 0,
        since: new Date(state.since).toISOString(),
        value: state.value ?? null,
        reason: state.reason,
        checked_at: new Date(state.checkedAt).toISOString(),
        pending: JSON.stringify(state.pending),
        delivery_error: state.deliveryError,
        version: lastVersion,
      };
      await store.insert('alert_states', insertColumns(row), 'JSONEachRow', [jsonRow(row)], {
        deduplicate: false,
        changesAnswersOf: [],
      });
    },
  };
}
