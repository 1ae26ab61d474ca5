import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import type { UtmqlError } from '../errors.ts';
import { boundedCall } from './bounded-call.ts';
import { unavailable } from './errors.ts';
import { insertStatement } from './insert-statement.ts';
import { createServerLife, insertToken } from './insert-token.ts';
import { ownAnswer, requireWritten } from './own-answer.ts';
import { plainParameters } from './request-parameters.ts';
import { retryWhileAway } from './retry.ts';
import type { CallOptions, PreparedCall, Store } from './store.ts';

// An insert's block can span this many days; the batches keep below (`maxDaysPerInsert`).
const writeSettings: ClickHouseSettings = { max_partitions_per_insert_block: '100' };

/** Batches are stored in seconds. What a server stores that was only slow is not stored again by the repeat. */
const longestInsertMs = 120_000;

const noAnswer = (): UtmqlError => unavailable('The database did not answer in time.');

const nothingToDiscard = (): void => undefined;

/**
 * The writing half of a store.
 *
 * @param options.everyServer what a command with `everywhere` goes to
 * @param options.prepare makes what each request is sent with out of a call's options
 * @param options.uptimeSeconds asks the server how long it has been up
 */
export function createStoreWrites(options: {
  client: ClickHouseClient;
  everyServer: readonly ClickHouseClient[];
  prepare: (call: CallOptions, settings: ClickHouseSettings) => PreparedCall;
  uptimeSeconds: () => Promise<number>;
}): Pick<Store, 'command' | 'insert'> {
  const { client, everyServer } = options;
  const prepare = (call: CallOptions, settings: ClickHouseSettings) =>
    options.prepare(call, { ...writeSettings, ...settings });
  const life = createServerLife(options.uptimeSeconds);

  return {
    async command(statement, call = {}) {
      const { sql: query, parameters } = statement.compile();
      const queryId = `${call.queryIdPrefix ?? ''}${randomUUID()}`;
      const execute = (attempt: number): Promise<void> =>
        boundedCall({ limitMs: undefined, signals: [call.signal], late: noAnswer }, async (signal) => {
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
          await Promise.all(targets.map((server) => ownAnswer(server.command(command), nothingToDiscard)));
        });
      await (call.repeatable ? retryWhileAway(execute, call.signal) : execute(0));
    },
    async insert(table, columns, format, body, call = {}) {
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
          await boundedCall({ limitMs: longestInsertMs, signals: [call.signal], late: noAnswer }, send);
        } catch (error) {
          life.doubt();
          throw error;
        }
      }, call.signal);
    },
  };
}
