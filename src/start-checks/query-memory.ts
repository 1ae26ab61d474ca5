import { memoryOfOne } from '../admission/memory-shares.ts';
import type { Settings } from '../config/reload.ts';
import type { Finding } from './finding.ts';

const what = 'QUERY_MEMORY_MB';
const megabyte = 1_048_576;

/**
 * How much memory a query can have.
 *
 * @param serverBytes what ClickHouse has; undefined: the user may not know
 */
export function checkQueryMemory(
  { config, environment }: Settings,
  serverBytes: number | undefined,
): Finding {
  const { QUERY_MEMORY_MB: wanted, CLICKHOUSE_MAX_CONCURRENCY: slots, CLICKHOUSE_USER: user } = config;
  if (serverBytes === undefined) {
    return {
      state: 'warn',
      what,
      text: `CLICKHOUSE_USER (${JSON.stringify(user)}) may not read system.server_settings, so utmql cannot divide ClickHouse’s memory among queries: ${slots} at a time may use QUERY_MEMORY_MB (${wanted}) each. GRANT SELECT ON system.server_settings TO ${user}, or see that ClickHouse has so much.`,
    };
  }
  const { least, most } = memoryOfOne(serverBytes, slots);
  const total = Math.floor(serverBytes / megabyte);
  const text = `Of the ${total} MB of ClickHouse, a query has ${inMegabytes(least, wanted)} to ${inMegabytes(most, wanted)} MB.`;
  if (least * slots > serverBytes) {
    return {
      state: 'warn',
      what,
      text: `CLICKHOUSE_MAX_CONCURRENCY (${slots}) is more than the ${total} MB of ClickHouse suffice for: lower it, or give ClickHouse more memory. ${text}`,
    };
  }
  // The default is no wish.
  if (environment[what] === undefined || wanted * megabyte <= most) return { state: 'ok', what, text };
  return {
    state: 'warn',
    what,
    text: `QUERY_MEMORY_MB (${wanted}) is more than a query can have. ${text} Give ClickHouse more memory, or lower CLICKHOUSE_MAX_CONCURRENCY.`,
  };
}

const inMegabytes = (bytes: number, most: number): number => Math.min(Math.floor(bytes / megabyte), most);
