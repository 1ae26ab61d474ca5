import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program.ts';
import type { Expected } from './record-load.ts';
import type { Findings } from './report.ts';
import type { SqlReader } from './sql-reader.ts';

/** The figures as a dashboard sees them. */
export async function checkFigures(program: Program, expected: Expected, findings: Findings): Promise<void> {
  const { metrics } = await program.graphql<{ metrics: { totals: Record<string, number> } }>(
    '{ metrics(dateRange: { last: { count: 10, unit: DAY } }) { totals { cost clicks leads closedWon revenue } } }',
  );
  const { totals } = metrics;
  const cents = (value: number | undefined): number => Math.round((value ?? 0) * 100);
  findings.exactly('cost (cents) by GraphQL', cents(totals.cost), expected.costCents);
  findings.exactly('clicks by GraphQL', totals.clicks ?? 0, expected.clicks);
  findings.exactly('leads by GraphQL', totals.leads ?? 0, expected.opportunities);
  findings.exactly('won by GraphQL', totals.closedWon ?? 0, expected.won);
  findings.exactly('revenue (cents) by GraphQL', cents(totals.revenue), expected.revenueCents);
}

/** The same in ClickHouse's tables: as they are on disk once all parts are merged, and under FINAL. */
export async function checkRecords(sql: SqlReader, expected: Expected, findings: Findings): Promise<void> {
  await mergeAll(sql, 'ad_performance');
  await mergeAll(sql, 'opportunities');
  findings.exactly(
    'ad rows on disk',
    await sql.count('SELECT countIf(is_deleted = 0) FROM ad_performance'),
    expected.adRows,
  );
  findings.exactly(
    'duplicate ad rows on disk',
    await sql.count('SELECT count() - uniqExact(workspace, date, campaign_id) FROM ad_performance'),
    0,
  );
  findings.exactly(
    'cost (cents) under FINAL',
    await sql.count('SELECT toInt64(sum(cost) * 100) FROM ad_performance FINAL'),
    expected.costCents,
  );
  findings.exactly(
    'opportunities on disk',
    await sql.count('SELECT countIf(is_deleted = 0) FROM opportunities'),
    expected.opportunities,
  );
  findings.exactly(
    'opportunities on two days',
    await sql.count('SELECT count() - uniqExact(opportunity_id) FROM opportunities FINAL'),
    0,
  );
  findings.exactly(
    'revenue (cents) under FINAL',
    await sql.count(`SELECT toInt64(sumIf(amount, stage = 'closed_won') * 100) FROM opportunities FINAL`),
    expected.revenueCents,
  );
}

/** OPTIMIZE leaves a day alone, and says nothing of it, while ClickHouse's own merges are at work on its parts. */
async function mergeAll(sql: SqlReader, table: string): Promise<void> {
  const parts = `SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts WHERE active AND database = currentDatabase() AND table = '${table}' GROUP BY partition)`;
  for (let turn = 0; turn < 100; turn++) {
    await sql.command(`OPTIMIZE TABLE ${table} FINAL`);
    if ((await sql.count(parts)) <= 1) return;
    await delay(100);
  }
}
