import { z } from 'zod';
import type { Sql } from '../../clickhouse/sql.ts';
import { UtmqlError } from '../../errors.ts';
import { type Day, formatDay } from '../../records/day.ts';
import {
  type AdsApply,
  breakdownSetsStatement,
  breakdownsBySubjectStatement,
} from './ad-performance-statements.ts';

const setRow = z.object({ names: z.array(z.string()) });
const subjectRow = z.object({
  subject: z.string(),
  day: z.number(),
  campaign: z.string(),
  sets: z.array(z.array(z.string())),
});

type Select = <T>(row: z.ZodType<T>, statement: Sql) => Promise<T[]>;

/**
 * Refuses rows that would stand beside stored ones of the same ad and day that are broken down by something else: both would
 * count. With `replace` the stored ones go.
 *
 * @throws UtmqlError CONFLICT
 */
export async function expectSameBreakdowns(
  select: Select,
  apply: Pick<AdsApply, 'runId' | 'workspace' | 'source'>,
  days: readonly Day[],
): Promise<void> {
  if (days.length === 0) return;
  const sets = await Promise.all([
    select(setRow, breakdownSetsStatement('staged', apply, days)),
    select(setRow, breakdownSetsStatement('stored', apply, days)),
  ]);
  if (new Set(sets.flat().map(({ names }) => textOf(names))).size <= 1) return;
  const staged = await select(subjectRow, breakdownsBySubjectStatement('staged', apply, days));
  const stored = await select(subjectRow, breakdownsBySubjectStatement('stored', apply, days));
  const storedSets = new Map(stored.map((row) => [row.subject, row.sets]));
  for (const { subject, day, campaign, sets: ours } of staged) {
    const theirs = storedSets.get(subject)?.map(textOf) ?? [];
    if (theirs.length === 0 || ours.some((names) => theirs.includes(textOf(names)))) continue;
    throw new UtmqlError(
      'CONFLICT',
      `The rows of source ${apply.source} are broken down by ${ours.map(textOf).join(' or ')} now, and those that it has stored by ${theirs.join(' or ')}, such as those of campaign ${campaign} on ${formatDay(day)}: both would count. Load these days once with \`mode: replace\`, which takes the stored ones away.`,
    );
  }
}

const textOf = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));
