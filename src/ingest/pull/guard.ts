import type { DayChanges } from '../runs/run.ts';
import type { Weight } from '../storage/stage.ts';

/** What a run would leave of what a source has stored. */
export interface Loss {
  readonly before: Weight;
  readonly after: Weight;
}

/** More than half of what is stored, or all of it: an account that was left out or a filter that slipped in, more often than not. */
export const takesTooMuch = ({ before, after }: Loss): boolean =>
  after.rows * 2 < before.rows || after.cost * 2 < before.cost || (before.rows > 0 && after.rows === 0);

/** What is left once the changes are written. */
export function lossOf(before: Weight, changes: readonly DayChanges[]): Loss {
  let { rows, cost } = before;
  for (const day of changes) {
    rows += day.added - day.removed;
    cost += day.costAfter - day.costBefore;
  }
  return { before, after: { rows, cost } };
}

/** A sentence for whoever has to decide. */
export function describeLoss({ before, after }: Loss, days: number | undefined): string {
  const figures = [
    `${before.rows} stored rows would become ${after.rows}`,
    ...(before.cost > 0 ? [`their cost of ${money(before.cost)} ${money(after.cost)}`] : []),
  ];
  const where = days === undefined ? '' : ` on the ${days === 1 ? 'day' : `${days} days`} that it is about`;
  return (
    `The run would take away more than half of what the source has stored${where}: ${figures.join(' and ')}. ` +
    'Nothing was changed. `changes` has the difference by day: write it with approveRun, or drop it with cancelIngest; `guard: OFF` in triggerIngest asks nobody.'
  );
}

const money = (cost: number): string => (Math.round(cost * 100) / 100).toFixed(2);
