import { columnsOf } from '../../clickhouse/columns-of.ts';
import { badInput, type UtmqlError } from '../../errors.ts';
import { type AdFigure, type AdPerformance, adFigures, isCount } from '../../records/ad-performance.ts';
import { propertyOf, valueIn } from '../storage/column-set.ts';
import { conflictError } from '../storage/conflict-error.ts';
import { adPerformanceTable } from './ad-performance-table.ts';

/**
 * Makes one row of the ads rows of a push that have one key: their sum, with the newest of their times and what else they
 * agree upon. Does in memory, for a small push, what the staging of large ones and of pulls does in ClickHouse.
 *
 * @throws UtmqlError BAD_USER_INPUT where a sum cannot be counted exactly
 */
export function sumRows(rows: readonly AdPerformance[]): readonly AdPerformance[] {
  return [...byKey(rows).values()].map((same) => {
    const [first, ...others] = same;
    if (first === undefined || others.length === 0) return same[0] as AdPerformance;
    const times = same.flatMap(({ updatedAt }) => (updatedAt === undefined ? [] : [updatedAt]));
    return {
      ...first,
      ...Object.fromEntries(adFigures.map((figure) => [propertyOf(figure), sumOf(same, figure)])),
      updatedAt: times.length === 0 ? undefined : Math.max(...times),
      extra: others.every(({ extra }) => extra === first.extra) ? first.extra : '',
    };
  });
}

/** What a run or push whose rows may not differ says of rows that have one key and say something else, at the same time. */
export function conflictOf(rows: readonly AdPerformance[], source: string): UtmqlError | undefined {
  let count = 0;
  let example: readonly AdPerformance[] = [];
  for (const same of byKey(rows).values()) {
    for (const [index, row] of same.entries()) {
      const before = same[index - 1];
      if (before === undefined || isSame(before, row) || before.updatedAt !== row.updatedAt) continue;
      if (count === 0) example = same;
      count += 1;
    }
  }
  if (count === 0) return undefined;
  const shown = example.map((row) => ({
    day: row.day,
    campaign_id: row.campaignId,
    extra: row.extra,
    ...columnsOf(adFigures, (figure) => figureIn(row, figure)),
  }));
  return conflictError(source, count, shown);
}

function byKey(rows: readonly AdPerformance[]): ReadonlyMap<string, readonly AdPerformance[]> {
  const groups = new Map<string, AdPerformance[]>();
  for (const record of rows) {
    const key = adPerformanceTable.keyOf(record);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return groups;
}

/** Rows without figures say the same, whatever else they say. */
function isSame(one: AdPerformance, other: AdPerformance): boolean {
  return (
    adFigures.every((figure) => figureIn(one, figure) === figureIn(other, figure)) &&
    (one.extra === other.extra || adFigures.every((figure) => figureIn(one, figure) === 0))
  );
}

const figureIn = (row: AdPerformance, figure: AdFigure): number => valueIn(row, figure) as number;

function sumOf(rows: readonly AdPerformance[], figure: AdFigure): number {
  const values = rows.map((row) => figureIn(row, figure));
  if (!isCount(figure)) return Number(`${values.reduce((sum, value) => sum + microsOf(value), 0n)}e-6`);
  const sum = values.reduce((total, value) => total + value, 0);
  if (Number.isSafeInteger(sum)) return sum;
  throw badInput(`The sum of the ${figure} of campaign ${rows[0]?.campaignId} is beyond 2^53.`);
}

/** The shortest decimal that names an amount has all of its decimals, of which there are six at most. */
function microsOf(amount: number): bigint {
  const [whole = '', decimals = ''] = String(amount).split('.');
  return BigInt(whole + decimals.padEnd(6, '0'));
}
