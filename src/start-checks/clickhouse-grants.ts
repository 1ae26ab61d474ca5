import { text } from 'node:stream/consumers';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { identifier, sql } from '../clickhouse/sql.ts';
import type { Config } from '../config/config.ts';
import { type Finding, findingOf } from './finding.ts';

const what = 'CLICKHOUSE_USER';

/** Longest wait for one answer. */
export const answerTimeoutMs = 3_000;

/** As in clickhouse/users.d/utmql.xml. */
const inDatabase = [
  sql`CREATE DATABASE`,
  sql`CREATE TABLE`,
  sql`ALTER TABLE`,
  sql`SELECT`,
  sql`INSERT`,
  sql`OPTIMIZE`,
];
const elsewhere = [
  sql`SELECT ON system.tables`,
  sql`SELECT ON system.parts`,
  sql`SELECT ON system.processes`,
  sql`TABLE ENGINE ON MergeTree`,
  sql`TABLE ENGINE ON ReplacingMergeTree`,
];

/** Whether the user may do what utmql does. */
export function checkGrants(url: string, config: Config): Promise<Finding> {
  const { CLICKHOUSE_USER: username, CLICKHOUSE_PASSWORD: password, CLICKHOUSE_DATABASE: database } = config;
  return findingOf(what, async () => {
    // Not by the store, which asks for a format: CHECK GRANT (ClickHouse 26.7) cannot be followed by FORMAT.
    const client = createClient({
      url,
      username,
      password,
      request_timeout: answerTimeoutMs,
      log: { level: ClickHouseLogLevel.OFF },
    });
    const missing: string[] = [];
    try {
      for (const right of [
        ...inDatabase.map((one) => sql`${one} ON ${identifier(database)}.*`),
        ...elsewhere,
      ]) {
        const { stream } = await client.exec({ query: sql`CHECK GRANT ${right}`.compile().sql });
        if ((await text(stream)).trim() !== '1') missing.push(right.compile().sql);
      }
    } finally {
      await client.close();
    }
    if (missing.length === 0) return { state: 'ok', what, text: `${username} may do what utmql does.` };
    // Users of a file cannot be given rights by SQL.
    const lines = missing.map((right) => `<query>GRANT ${right}</query>`).join(' ');
    return {
      state: 'fail',
      what,
      text: `CLICKHOUSE_USER (${JSON.stringify(username)}) lacks rights. Where it is a user of a file, such as clickhouse/users.d/utmql.xml, add to its <grants>: ${lines} Where SQL made it, as an administrator: GRANT ${missing.join(', ')} TO ${username};`,
    };
  });
}
