import type { Granularity } from '../../../schema/generated/dashboard/graphql.ts';

const dayMs = 86_400_000;

/** The last day of the group that begins on `day`. */
export function bucketEnd(day: string, granularity: Granularity): string {
  const first = new Date(`${day}T00:00:00Z`);
  const [year, month] = [first.getUTCFullYear(), first.getUTCMonth()];
  const before = (next: number): string => new Date(next - dayMs).toISOString().slice(0, 10);
  switch (granularity) {
    case 'DAY':
      return day;
    case 'WEEK':
      return before(first.getTime() + 7 * dayMs);
    case 'MONTH':
      return before(Date.UTC(year, month + 1, 1));
    case 'QUARTER':
      return before(Date.UTC(year, month + 3, 1));
    case 'YEAR':
      return before(Date.UTC(year + 1, 0, 1));
  }
}
