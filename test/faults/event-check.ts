import type { EventLedger } from './event-load.ts';
import type { Findings } from './report.ts';
import type { SqlReader } from './sql-reader.ts';

/**
 * Compares the events in ClickHouse with what was acknowledged: none may be lost, none twice, none altered. Counts the rows
 * as they are on disk, once all parts are merged, and under FINAL.
 */
export async function checkEvents(
  sql: SqlReader,
  ledger: EventLedger,
  findings: Findings,
  workspace = 'default',
): Promise<void> {
  const own = `WHERE workspace = '${workspace}'`;
  findings.number('events', ledger.made);
  findings.number('events acknowledged', ledger.acknowledged);
  findings.number('event rows before merging', await sql.count(`SELECT count() FROM events ${own}`));
  await sql.command('OPTIMIZE TABLE events FINAL');

  const copies = new Uint8Array(ledger.made);
  let strangers = 0;
  let repeated = 0;
  await sql.lines(`SELECT event_id FROM events ${own}`, (id) => {
    const event = /^e-\d+$/.test(id) ? Number(id.slice(2)) : Number.NaN;
    if (!(event < ledger.made)) {
      strangers += 1;
      return;
    }
    const before = copies[event] ?? 0;
    if (before > 0) repeated += 1;
    copies[event] = Math.min(before + 1, 255);
  });
  let lost = 0;
  for (let event = 0; event < ledger.made; event++) {
    if (ledger.isAcknowledged(event) && copies[event] === 0) lost += 1;
  }
  findings.exactly('acknowledged − stored', lost, 0);
  findings.exactly('duplicates on disk', repeated, 0);
  findings.exactly(
    'duplicates under FINAL',
    await sql.count(`SELECT count() - uniqExact(event_id) FROM events FINAL ${own}`),
    0,
  );
  findings.exactly('strange events', strangers, 0);
  findings.exactly(
    'altered events',
    await sql.count(`SELECT countIf(NOT (
        message = concat('event ', substring(event_id, 3), ' 🌍')
        AND JSONExtractUInt(metadata, 'n') = toUInt64OrZero(substring(event_id, 3))
        AND service = concat('svc-', toString(toUInt64OrZero(substring(event_id, 3)) % 7))
        AND utm_source = 'google')) FROM events ${own}`),
    0,
  );
}
