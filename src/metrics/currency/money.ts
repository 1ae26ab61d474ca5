import { empty, type Sql, sql } from '../../clickhouse/sql.ts';
import { type Addend, sumOf } from '../registry.ts';

/** Money in the currency that the column `currency` names. */
export type MoneyAddend = Addend & { readonly value: Sql };

/**
 * Beside each sum of money stands what makes it doubtful, as one number that can be united by `groupBitOr`: half of its bits
 * stand for what the other half denies.
 *
 * - Money as it is stored: the hash of its currency in the lower half and the inverse in the upper. Two currencies differ in a
 *   bit, which is then in both halves.
 * - Converted money: one bit in both halves, for each row without a rate.
 *
 * Rows without money have no currency that matters.
 */
export const isDoubtful = (doubt: Sql): Sql => sql`bitAnd(${doubt}, bitShiftRight(${doubt}, 32)) != 0`;

export const noDoubt = sql`toUInt64(0)`;

const hash = sql`bitAnd(cityHash64(currency), 4294967295)`;
const ownCurrency = sql`bitOr(${hash}, bitShiftLeft(bitXor(${hash}, 4294967295), 32))`;
const withoutRate = sql`toUInt64(4294967297)`;

/** The sum of a column, and its doubt. @param rate what a unit is worth; undefined: money stays as it is stored */
export const moneyAggregates = (
  { value: amount, counts }: MoneyAddend,
  rate: Sql | undefined,
): { readonly sum: Sql; readonly doubt: Sql } => {
  const value = rate === undefined ? amount : sql`${amount} * ${rate}`;
  const alsoCounts = counts === undefined ? empty : sql` AND ${counts}`;
  return {
    sum: sumOf({ value, ...(counts && { counts }) }),
    doubt:
      rate === undefined
        ? sql`groupBitOrIf(${ownCurrency}, ${amount} != 0${alsoCounts})`
        : sql`groupBitOrIf(${withoutRate}, ${amount} != 0 AND ${rate} = 0${alsoCounts})`,
  };
};
