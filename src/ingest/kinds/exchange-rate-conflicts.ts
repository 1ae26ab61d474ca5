import { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import { type Day, formatDay } from '../../records/day.ts';
import type { ExchangeRate } from '../../records/exchange-rate.ts';
import { pushSource } from '../../records/names.ts';
import { exchangeRateTable } from './exchange-rate-table.ts';

/** A key that came with several rates. */
export const rateConflict = z.object({
  day: z.number(),
  base: z.string(),
  quote: z.string(),
  rates: z.array(z.string()),
});
type RateConflict = z.infer<typeof rateConflict>;

/** What is wrong with a feed or push that has several rates of one day, base and quote. */
export function rateConflictError(
  source: string,
  count: number,
  example: RateConflict | undefined,
): UtmqlError {
  const isPushed = source === pushSource;
  const what = isPushed ? 'The push' : `The feed of source ${source}`;
  const such = example === undefined ? '' : `, such as ${shown(example)}`;
  const how = isPushed ? '`?duplicates=last`' : '`duplicates: last`';
  return new UtmqlError(
    isPushed ? 'BAD_USER_INPUT' : 'SOURCE_MALFORMED',
    `${what} has ${count} exchange ${count === 1 ? 'rate' : 'rates'} with the day, base and quote of another and a different rate${such}. ${how} takes the last of them. Nothing was stored.`,
  );
}

function shown({ day, base, quote, rates }: RateConflict): string {
  const [first = '', second = ''] = rates;
  return `${first} and ${second} for ${base}/${quote} on ${formatDay(day satisfies Day)}`;
}

/** What a push, whose rates may not differ, says of several rates with one key at the same time. */
export function rateConflictOf(records: readonly ExchangeRate[], source: string): UtmqlError | undefined {
  const known = new Map<string, ExchangeRate>();
  let count = 0;
  let example: RateConflict | undefined;
  for (const record of records) {
    const key = exchangeRateTable.keyOf(record);
    const before = known.get(key);
    known.set(key, record);
    if (before === undefined || before.rate === record.rate || before.updatedAt !== record.updatedAt)
      continue;
    count += 1;
    example ??= { ...record, rates: [before.rate, record.rate] };
  }
  return count === 0 ? undefined : rateConflictError(source, count, example);
}
