import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { insertStatement } from './insert-statement.ts';
import { createServerLife, insertToken } from './insert-token.ts';
import { plainParameters } from './request-parameters.ts';
import { retryWhileAway } from './retry.ts';
import type { CallOptions, Store } from './store.ts';

// An insert's block can span this many days; the batches keep below (`maxDaysPerInsert`).
const writeSettings: ClickHouseSettings = { max_partitions_per_insert_block: '100' };

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
  prepare: (
    call: CallOptions,
    settings: ClickHouseSettings,
  ) => {
    clickhouse_settings: ClickHouseSettings;
    abort_signal?: AbortSignal;
    http_headers: Record<string, string>;
  };
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
      const execute = async (attempt: number): Promise<void> => {
        const command = {
          query,
          query_params: plainParameters(parameters),
          query_id: queryId,
          ...prepare(call, {
            // Without a token ClickHouse goes by the rows: figures that come back to what they were would be left out.
            insert_deduplicate: 0,
            ...(attempt > 0 ? { replace_running_query: 1 } : {}),
          }),
        };
        const targets = call.everywhere === true ? everyServer : [client];
        await Promise.all(targets.map((server) => server.command(command)));
      };
      await (call.repeatable ? retryWhileAway(execute) : execute(0));
    },
    async insert(table, columns, format, body, call = {}) {
      const { constants = {}, deduplicationSalt: salt = '' } = call;
      const { sql: query, parameters } = insertStatement(table, columns, format, constants);
      const token = async (): Promise<string> =>
        insertToken(await life.name(), { table, columns, constants, salt }, body);
      const settings = async (): Promise<ClickHouseSettings> =>
        call.deduplicate === false
          ? { insert_deduplicate: 0 }
          : { insert_deduplicate: 1, insert_deduplication_token: await token() };
      await retryWhileAway(async () => {
        try {
          const result = await client.exec({
            query,
            query_params: plainParameters(parameters),
            values: Readable.from(body, { objectMode: false }),
            ...prepare(call, await settings()),
          });
          await result.stream.resume().toArray();
        } catch (error) {
          life.doubt();
          throw error;
        }
      });
    },
  };
}
