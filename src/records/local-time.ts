const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Maximum number of cached days; beyond it the cache is cleared. */
const cachedDays = 5_000;

/**
 * Returns a function from a local time, written as if it were UTC, to its instant. Both are epoch milliseconds. An hour that
 * occurs twice when clocks go back means its first occurrence. An hour that is skipped when clocks go forward keeps its distance
 * from midnight.
 */
export function createInstantOfLocal(timezone: string): (local: number) => number {
  if (timezone === 'UTC') return (local) => local;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' });
  const offsetAt = (instant: number): number => {
    const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const match = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name);
    if (match === null) return 0;
    const [, sign, hours, minutes, seconds = 0] = match;
    const size = Number(hours) * hourMs + Number(minutes) * 60_000 + Number(seconds) * 1_000;
    return sign === '-' ? -size : size;
  };
  const known = new Map<number, readonly [before: number, after: number]>();
  const offsetsOf = (day: number): readonly [before: number, after: number] => {
    const found = known.get(day);
    if (found !== undefined) return found;
    // No zone is further from UTC than this, so the local day lies between the two instants.
    const offsets = [offsetAt(day * dayMs - 14 * hourMs), offsetAt((day + 1) * dayMs + 12 * hourMs)] as const;
    if (known.size >= cachedDays) known.clear();
    known.set(day, offsets);
    return offsets;
  };
  return (local) => {
    const [before, after] = offsetsOf(Math.floor(local / dayMs));
    if (before === after || offsetAt(local - before) === before) return local - before;
    return offsetAt(local - after) === after ? local - after : local - before;
  };
}
