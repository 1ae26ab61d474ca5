import { z } from 'zod';
import { readCapacity } from '../clickhouse/capacity.ts';
import { createStore } from '../clickhouse/create-store.ts';
import { isForeignAnswer } from '../clickhouse/errors.ts';
import { findLibrary, packageForPlatform, runsOnMusl } from '../clickhouse/own-server/library.ts';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Settings } from '../config/reload.ts';
import type { UtmqlError } from '../errors.ts';
import type { Clock } from '../time.ts';
import { answerTimeoutMs, checkGrants } from './clickhouse-grants.ts';
import { type Finding, findingOf, reportableErrorCode } from './finding.ts';
import { checkQueryMemory } from './query-memory.ts';

const what = 'ClickHouse';

/** The oldest release with long-term support whose SQL is utmql's: year and number in it. */
const oldestVersion = [25, 3] as const;

/** From here on, "today" and tokens' times would be another on each side. */
const mostSkewMs = 5_000;

/** ClickHouse does not answer; it may when it is asked again. */
export class ClickHouseUnavailable extends Error {}

export interface ClickHouseCheck {
  /**
   * Everything that is to be known of ClickHouse.
   *
   * @throws Away with a sentence for the operator
   */
  findings(): Promise<Finding[]>;
  close(): Promise<void>;
}

/** Asks the ClickHouse at CLICKHOUSE_URL, or looks whether the program's own can be started. Changes nothing. */
export function createClickHouseCheck(settings: Settings, clock: Clock): ClickHouseCheck {
  const { config } = settings;
  const { CLICKHOUSE_URL: url, CLICKHOUSE_MEMORY_MB: megabytes } = config;
  if (url === undefined) {
    const memory = checkQueryMemory(settings, megabytes * 1_048_576);
    return { findings: async () => [await checkLibrary(), memory], close: async () => undefined };
  }
  const store = createStore({
    url,
    username: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    database: 'default',
    maxConcurrency: 4,
    limits: { timeoutMs: answerTimeoutMs, maxMemoryBytes: 268_435_456, maxRowsToRead: 1_000_000 },
  });
  const place = `ClickHouse at ${new URL(url).origin}`;
  return {
    async findings() {
      const version = await checkVersion(store, place);
      if (version.state === 'fail') return [version];
      const others = [
        findingOf('clock', () => checkClock(store, clock)),
        findingOf('REPORTING_TIMEZONE', () => checkTimezone(store, config.REPORTING_TIMEZONE)),
        checkGrants(url, config),
        findingOf('QUERY_MEMORY_MB', async () =>
          checkQueryMemory(settings, (await readCapacity(store)).memoryBytes),
        ),
      ];
      return [version, ...(await Promise.all(others))];
    },
    close: () => store.close(),
  };
}

function checkLibrary(): Promise<Finding> {
  return findingOf(what, async () => {
    findLibrary(packageForPlatform(process.platform, process.arch, runsOnMusl()));
    return { state: 'ok', what, text: 'utmql starts its own server in DATA_DIR.' };
  });
}

async function checkVersion(store: Store, place: string): Promise<Finding> {
  let version: string;
  try {
    version = await onlyValue(z.string(), store, sql`SELECT version()`);
  } catch (error) {
    const { code, retryable, message, cause } = error as UtmqlError;
    // A balancer before a ClickHouse that is not up yet, or an address that is another's.
    if (isForeignAnswer(error)) throw new ClickHouseUnavailable(notClickHouse(place));
    if (retryable) {
      const reason = code === 'STORE_UNAVAILABLE' ? reportableErrorCode(cause) : 'no answer';
      throw new ClickHouseUnavailable(
        `${place} cannot be reached (${reason}). Start it, or correct CLICKHOUSE_URL.`,
      );
    }
    const text = code === 'STORE_UNAVAILABLE' ? `${place}: ${message}` : notClickHouse(place);
    return { state: 'fail', what, text };
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestVersion;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return { state: 'ok', what, text: `${place} has version ${version}.` };
  return {
    state: 'fail',
    what,
    text: `${place} has version ${version}. utmql needs ${oldestVersion.join('.')} or later: update ClickHouse.`,
  };
}

const notClickHouse = (place: string): string =>
  `${place} gave no answer of ClickHouse's HTTP interface. Correct CLICKHOUSE_URL: the port is 8123, or 8443 with TLS.`;

async function checkClock(store: Store, clock: Clock): Promise<Finding> {
  const asked = clock.now();
  const theirs = await onlyValue(z.number(), store, sql`SELECT toUnixTimestamp64Milli(now64(3))`);
  const answered = clock.now();
  // Their reading is of any instant in between.
  const skew = Math.max(asked - theirs, theirs - answered, 0);
  if (skew <= mostSkewMs) return { state: 'ok', what: 'clock', text: 'this machine and ClickHouse agree.' };
  return {
    state: 'warn',
    what: 'clock',
    text: `The clocks of this machine and of ClickHouse are ${Math.round(skew / 1_000)} s apart. Set both by NTP: what is stored when, and what "today" is, would differ.`,
  };
}

async function checkTimezone(store: Store, timezone: string): Promise<Finding> {
  const name = 'REPORTING_TIMEZONE';
  const known = await onlyValue(
    z.number(),
    store,
    sql`SELECT count() FROM system.time_zones WHERE time_zone = ${bind('String', timezone)}`,
  );
  if (known > 0) return { state: 'ok', what: name, text: `ClickHouse knows ${timezone}.` };
  return {
    state: 'fail',
    what: name,
    text: `REPORTING_TIMEZONE (${JSON.stringify(timezone)}) is not known to ClickHouse. Take a name of its table system.time_zones.`,
  };
}

/** The only value of an answer. */
async function onlyValue<T>(shape: z.ZodType<T>, store: Store, statement: Sql): Promise<T> {
  const { rows } = await store.read(statement, { signal: AbortSignal.timeout(answerTimeoutMs) });
  return shape.parse(rows[0]?.[0]);
}
