import type { Day } from '../../records/day.ts';
import type { AttributionQueue } from '../attribution-queue.ts';
import type { Side } from '../pending-days.ts';

interface Marked {
  readonly workspace: string;
  readonly side: Side;
  readonly days: Set<Day>;
}

/** The days that one piece of work has marked for attribution, each marked once however often it is begun again. */
export interface AttributionMarks {
  /** Marks those of these days that are not marked yet. Durable when it resolves. */
  mark(workspace: string, side: Side, days: Iterable<Day>): Promise<void>;
  /** Attributes all that was marked and forgets it. */
  settle(requestId: string): Promise<void>;
}

export function createAttributionMarks(queue: AttributionQueue): AttributionMarks {
  const marked = new Map<string, Marked>();
  return {
    async mark(workspace, side, days) {
      const key = `${side} ${workspace}`;
      const entry = marked.get(key) ?? { workspace, side, days: new Set<Day>() };
      const added = [...new Set(days)].filter((day) => !entry.days.has(day));
      if (added.length === 0) return;
      await queue.mark(workspace, side, added);
      for (const day of added) entry.days.add(day);
      marked.set(key, entry);
    },
    async settle(requestId) {
      const entries = [...marked.values()];
      marked.clear();
      const settled = entries.map(({ workspace, side, days }) =>
        queue.settle(workspace, side, days, { requestId }),
      );
      // All are waited for: each gives up its own mark.
      const [failure] = (await Promise.allSettled(settled)).filter(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
    },
  };
}
