import { randomUUID } from 'node:crypto';
import { json } from 'node:stream/consumers';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { bounded } from '../time.ts';
import { brokenOff, callAborted, toAnswerError } from './errors.ts';
import { ownAnswer } from './own-answer.ts';
import { formOf, hasLongValue, plainParameters, refuseTooMany } from './request-parameters.ts';
import type { CompiledSql, Sql } from './sql.ts';
import type { CallOptions, PreparedCall, Store, StoreAnswer } from './store.ts';

/** By when ClickHouse says itself that a query has reached its limit. Later than that, its silence has another reason. */
export const graceMs = 1_000;

/** What a query is asked with beside its statement. */
export type AskedCall = PreparedCall & { readonly query_id: string; readonly abort_signal: AbortSignal };

const answer = z.object({
  meta: z.array(z.object({ name: z.string(), type: z.string() })),
  data: z.array(z.array(z.unknown())),
  totals: z.array(z.unknown()).optional(),
  rows: z.number(),
  rows_before_limit_at_least: z.number().optional(),
  statistics: z.object({ elapsed: z.number(), rows_read: z.number(), bytes_read: z.number() }),
});

/**
 * The reading half of a store.
 *
 * @param options.prepare makes what each request is sent with out of a call's options
 */
export function createStoreReads(options: {
  client: ClickHouseClient;
  prepare: (call: CallOptions) => PreparedCall;
}): Store['read'] {
  const { client, prepare } = options;

  const sendPlainly = async ({ sql: query, parameters }: CompiledSql, asked: AskedCall): Promise<unknown> => {
    const result = await ownAnswer(
      client.query({ ...asked, query, query_params: plainParameters(parameters), format: 'JSONCompact' }),
      (foreign) => foreign.close(),
    );
    // The client itself heeds the signal until the head is there: this ends the reading of a body that has fallen silent.
    asked.abort_signal.addEventListener('abort', () => result.close(), { once: true });
    return result.json();
  };

  const sendForm = async (compiled: CompiledSql, asked: AskedCall): Promise<unknown> => {
    const { type, body } = formOf(compiled, 'JSONCompact');
    const http_headers = { ...asked.http_headers, 'Content-Type': type };
    const { stream } = await ownAnswer(
      client.exec({ ...asked, query: '', values: body, http_headers }),
      (foreign) => foreign.stream.destroy(),
    );
    asked.abort_signal.addEventListener('abort', () => stream.destroy(), { once: true });
    return json(stream);
  };

  const ask = async (
    statement: Sql,
    call: CallOptions,
    prepared: PreparedCall,
    signal: AbortSignal,
  ): Promise<StoreAnswer> => {
    const compiled = statement.compile();
    refuseTooMany(compiled);
    const asked = {
      ...prepared,
      query_id: `${call.queryIdPrefix ?? ''}${randomUUID()}`,
      abort_signal: signal,
    };
    const send = hasLongValue(compiled) ? sendForm : sendPlainly;
    const body = answer.parse(
      await send(compiled, asked).catch((error: unknown) => {
        // Of the body: that it is ClickHouse's, its head has told.
        throw error instanceof SyntaxError ? brokenOff(error) : toAnswerError(error);
      }),
    );
    return {
      columns: body.meta.map((column) => column.name),
      rows: body.data,
      totals: body.totals,
      rowsBeforeLimit: body.rows_before_limit_at_least ?? body.rows,
      rowsRead: body.statistics.rows_read,
      bytesRead: body.statistics.bytes_read,
      elapsedMs: body.statistics.elapsed * 1_000,
    };
  };

  return async (statement, call = {}) => {
    const prepared = prepare(call);
    const limitMs = limitOf(prepared.clickhouse_settings);
    const timeout =
      limitMs === undefined ? undefined : { ms: limitMs + graceMs, error: () => fellSilent(limitMs) };
    return bounded({ timeout, signals: [call.signal], left: callAborted }, (signal) =>
      ask(statement, call, prepared, signal),
    );
  };
}

/** Rows as objects, however many there are, by what reads them. */
export const selectBy =
  (read: Store['read']): Store['select'] =>
  async (row, statement, options = {}) => {
    const settings = { max_result_rows: '0', ...options.settings };
    const { columns, rows } = await read(statement, { ...options, settings });
    return rows.map((values) =>
      row.parse(Object.fromEntries(columns.map((name, index) => [name, values[index]]))),
    );
  };

/** What a query may take; undefined: any time. */
export function limitOf({ max_execution_time: seconds }: ClickHouseSettings): number | undefined {
  const limitMs = Number(seconds ?? 0) * 1_000;
  return limitMs > 0 ? limitMs : undefined;
}

const fellSilent = (limitMs: number): UtmqlError =>
  new UtmqlError(
    'TIMEOUT',
    `The database fell silent: there is no answer after ${limitMs / 1_000} s, as long as the query may take. Try again shortly.`,
    { retryable: true, retryAfterSeconds: 1 },
  );
