import { type Sql, sql } from '../clickhouse/sql.ts';
import type { Conversion } from '../metrics/currency/conversion.ts';
import { isDoubtful, moneyAggregates } from '../metrics/currency/money.ts';
import { type StandardAmount, standardSum, sums } from '../metrics/registry.ts';
import type { Scope } from './scope.ts';

/** Records, and what their money is turned into; undefined: it stays as it is stored. */
export interface MoneyScope extends Scope {
  readonly conversion: Conversion | undefined;
}

/** What a unit of a record's money is worth; undefined: one. */
const rateOf = ({ conversion, range }: MoneyScope): Sql | undefined =>
  conversion?.rateIn(range.from, range.to);

/** The money of one record; null where its rate is missing. */
export function moneyOfRecord(amount: Sql, scope: MoneyScope): Sql {
  const rate = rateOf(scope);
  return rate === undefined ? amount : sql`if(${amount} != 0 AND ${rate} = 0, NULL, ${amount} * ${rate})`;
}

/** What records are ordered by: money without a rate counts as nothing. */
export function moneyOrder(amount: Sql, scope: MoneyScope): Sql {
  const rate = rateOf(scope);
  return rate === undefined ? amount : sql`toDecimal128(${amount} * ${rate}, 6)`;
}

/** A sum of money and its doubt, to be aggregated further. @param only which records count, beside those that always do */
export function moneyParts(
  name: StandardAmount,
  scope: MoneyScope,
  only?: Sql,
): { readonly sum: Sql; readonly doubt: Sql } {
  const { value } = sums[name];
  const { counts } = standardSum(name);
  const both = only === undefined || counts === undefined ? (only ?? counts) : sql`${counts} AND ${only}`;
  return moneyAggregates({ value, ...(both && { counts: both }) }, rateOf(scope));
}

/** A sum of money; null if it is of several currencies, or a rate is missing. */
export function moneySum(name: StandardAmount, scope: MoneyScope, only?: Sql): Sql {
  const { sum, doubt } = moneyParts(name, scope, only);
  return unlessDoubtful(sum, doubt);
}

export const unlessDoubtful = (sum: Sql, doubt: Sql): Sql => sql`if(${isDoubtful(doubt)}, NULL, ${sum})`;

/** A sum of money to order by: it is never null, and has the digits of a key. */
export const moneyKey = (sum: Sql): Sql => sql`toDecimal128(${sum}, 6)`;
