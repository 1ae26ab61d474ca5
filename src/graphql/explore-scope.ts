import { dataScope } from '../access/caller.ts';
import type { MoneyScope } from '../explore/money.ts';
import type { Scope } from '../explore/scope.ts';
import { resolveRange } from '../metrics/range.ts';
import type { Context } from './context.ts';
import { type DateRangeInput, readRange } from './dates.ts';
import { type MetricsWhere, readWhere } from './where.ts';

/** For a `dateRange` beside which no `weekStart` stands. */
export const daysDescription = (days: string): string => `${days}. Weeks in it start on Monday.`;

/** The same, and what their money is turned into. */
export const readMoneyScope = async (
  args: Parameters<typeof readScope>[0] & { readonly currency?: string | null | undefined },
  context: Context,
): Promise<MoneyScope> => ({
  ...readScope(args, context),
  conversion: await context.conversions.into(args.currency),
});

/** The records that `dateRange` and `where` name, in the caller's workspace. */
export function readScope(
  args: {
    readonly dateRange: typeof DateRangeInput.$inferInput;
    readonly where?: typeof MetricsWhere.$inferInput | null | undefined;
  },
  context: Context,
): Scope {
  return {
    ...dataScope(context),
    range: resolveRange(readRange(args.dateRange), context.today(), 'monday'),
    where: readWhere(args.where, context.model),
  };
}
