import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { bounded } from '../time.ts';
import { callAborted, retryWhileAway, unavailable } from './errors.ts';
import { ownAnswer, requireWritten } from './own-answer.ts';
import { plainParameters } from './request-parameters.ts';
import { bind, type CompiledSql, identifier, join, type Parameter, Sql, sql } from './sql.ts';
import type { CallOptions, Columns, PreparedCall, Store } from './store.ts';

// An insert's block can span this many days; the batches keep below (`maxDaysPerInsert`).
const writeSettings: ClickHouseSettings = { max_partitions_per_insert_block: '100' };

/** Batches are stored in seconds. What a server stores that was only slow is not stored again by the repeat. */
const longestInsertMs = 120_000;

const timeout = { ms: longestInsertMs, error: () => unavailable('The database did not answer in time.') };

const insertsRows = /^\s*INSERT\b/;

const nothingToDiscard = (): void => undefined;

/**
 * The writing half of a store.
 *
 * @param options.everyServer what a command with `everywhere` goes to
 * @param options.countsWrittenRows whether the summary of an answer counts all rows that an `INSERT … SELECT` has written
 * @param options.prepare makes what each request is sent with out of a call's options
 * @param options.uptimeSeconds asks the server how long it has been up
 */
export function createStoreWrites(options: {
  client: ClickHouseClient;
  everyServer: readonly ClickHouseClient[];
  countsWrittenRows: boolean;
  prepare: (call: CallOptions, settings: ClickHouseSettings) => PreparedCall;
  uptimeSeconds: () => Promise<number>;
}): Pick<Store, 'command' | 'insert'> {
  const { client, everyServer } = options;
  const prepare = (call: CallOptions, settings: ClickHouseSettings) =>
    options.prepare(call, { ...writeSettings, ...settings });
  const life = createServerLife(options.uptimeSeconds);

  return {
    async command(statement, call) {
      const { sql: query, parameters } = statement.compile();
      const queryId = `${call.queryIdPrefix ?? ''}${randomUUID()}`;
      const execute = (attempt: number): Promise<void> =>
        bounded({ signals: [call.signal], left: callAborted }, async (signal) => {
          const command = {
            query,
            query_params: plainParameters(parameters),
            query_id: queryId,
            abort_signal: signal,
            ...prepare(call, {
              // Without a token ClickHouse goes by the rows: figures that come back to what they were would be left out.
              insert_deduplicate: 0,
              ...(attempt > 0 ? { replace_running_query: 1 } : {}),
            }),
          };
          const targets = call.everywhere === true ? everyServer : [client];
          const answers = await Promise.all(
            targets.map((server) => ownAnswer(server.command(command), nothingToDiscard)),
          );
          const written = Number(answers[0]?.summary?.written_rows ?? Number.NaN);
          if (options.countsWrittenRows && insertsRows.test(query) && !Number.isNaN(written))
            call.onWritten?.(written);
        });
      await (call.repeatable ? retryWhileAway(execute, call.signal) : execute(0));
    },
    async insert(table, columns, format, body, call) {
      const { constants = {}, deduplicationSalt: salt = '' } = call;
      const rows = call.rows ?? (format === 'JSONEachRow' ? body.length : Math.min(body.length, 1));
      const { sql: query, parameters } = insertStatement(table, columns, format, constants);
      const token = async (): Promise<string> =>
        insertToken(await life.name(), { table, columns, constants, salt }, body);
      const settings = async (): Promise<ClickHouseSettings> =>
        call.deduplicate === false
          ? { insert_deduplicate: 0 }
          : { insert_deduplicate: 1, insert_deduplication_token: await token() };
      const send = async (signal: AbortSignal): Promise<void> => {
        const result = await ownAnswer(
          client.exec({
            query,
            query_params: plainParameters(parameters),
            query_id: randomUUID(),
            values: Readable.from(body, { objectMode: false }),
            abort_signal: signal,
            ...prepare(call, await settings()),
          }),
          ({ stream }) => stream.destroy(),
        );
        await result.stream.resume().toArray();
        requireWritten(result.summary, rows);
      };
      await retryWhileAway(async () => {
        try {
          await bounded({ timeout, signals: [call.signal], left: callAborted }, send);
        } catch (error) {
          life.doubt();
          throw error;
        }
      }, call.signal);
    },
  };
}

/**
 * The statement before a body of rows. RowBinary is read as plain types by `input` and then converted, column by column:
 * a third faster than being read straight into LowCardinality columns, value by value.
 *
 * @param constants columns that are not in the body, each with the value that all its rows get
 */
function insertStatement(
  table: string,
  columns: Columns,
  format: 'RowBinary' | 'JSONEachRow',
  constants: Readonly<Record<string, Parameter>>,
): CompiledSql {
  const names = Object.keys(columns).map(identifier);
  const fixed = Object.entries(constants);
  const target = sql`INSERT INTO ${identifier(table)} (${join([...names, ...fixed.map(([name]) => identifier(name))], ', ')})`;
  if (format === 'JSONEachRow') {
    if (fixed.length > 0) throw new Error('JSONEachRow takes no constants');
    return sql`${target} FORMAT JSONEachRow`.compile();
  }
  const structure = Object.entries(columns).map(([name, type]) => new Sql([`${name} ${type}`], []));
  const values = fixed.map(([, { type, value }]) => sql`${bind(type, value)}`);
  return sql`${target} SELECT ${join([...names, ...values], ', ')} FROM input('${join(structure, ', ')}') FORMAT RowBinary`.compile();
}

/** What an insert is beside its body. */
export interface InsertHead {
  readonly table: string;
  readonly columns: Columns;
  readonly constants: Readonly<Record<string, Parameter>>;
  readonly salt: string;
}

/**
 * Names an insert by its content (`insert_deduplication_token`), so that a repeat of it stores nothing. ClickHouse keeps
 * the name for each partition that the insert touches.
 */
export function insertToken(life: string, head: InsertHead, body: readonly Buffer[]): string {
  const hash = createHash('sha256').update(JSON.stringify([life, head]));
  for (const chunk of body) hash.update(chunk);
  return hash.digest('base64url');
}

/**
 * The time from one start of the server to the next, within one life of this process. A token holds for no longer:
 * ClickHouse notes it just before it commits the rows, so that after a crash between the two the token is there and the
 * rows are not. A repeat with another token is harmless, by the rows' keys and versions; one that is wrongly taken for
 * stored would lose them.
 */
export interface ServerLife {
  /** Another name after each restart. Asks the server at first, and later only when there is doubt. */
  name(): Promise<string>;
  /** Call it when a request has failed: the server may have been restarted. */
  doubt(): void;
}

/**
 * @param uptimeSeconds asks the server how long it has been up, in whole seconds
 * @param now milliseconds, by a clock that is never set
 */
export function createServerLife(
  uptimeSeconds: () => Promise<number>,
  now = (): number => performance.now(),
): ServerLife {
  const process = randomUUID();
  let count = 0;
  let known: Look | undefined;
  let isDoubtful = true;
  let checking: Promise<void> | undefined;

  const check = async (): Promise<void> => {
    const askedAt = now();
    // What fails from now on is a new reason for doubt.
    isDoubtful = false;
    try {
      const uptimeMs = (await uptimeSeconds()) * 1_000;
      const look = { askedAt, uptimeMs, tookMs: now() - askedAt };
      if (known !== undefined && mayBeAnother(known, look)) count += 1;
      known = look;
    } catch (error) {
      isDoubtful = true;
      throw error;
    }
  };

  return {
    async name() {
      if (isDoubtful)
        checking ??= check().finally(() => {
          checking = undefined;
        });
      await checking;
      return `${process}.${count}`;
    },
    doubt() {
      isDoubtful = true;
    },
  };
}

/** An answer to how long the server has been up. All in milliseconds. */
interface Look {
  readonly askedAt: number;
  readonly uptimeMs: number;
  /** It was up for so long at some moment of this time. */
  readonly tookMs: number;
}

/** Whether the server can have been restarted between two looks. */
function mayBeAnother(before: Look, after: Look): boolean {
  const later = after.askedAt - after.uptimeMs - (before.askedAt - before.uptimeMs);
  // Seconds are whole, and two machines' clocks drift apart, if by less than a thousandth.
  const inexact = 1_000 + (after.askedAt - before.askedAt) / 1_000;
  if (later <= inexact) return false;
  // The first answer may have been slow instead. A server that had been up for longer than that cannot have begun again
  // so soon after it had begun; of a younger one there is no telling.
  const slow = inexact + before.tookMs;
  return later > slow || before.uptimeMs <= slow;
}
