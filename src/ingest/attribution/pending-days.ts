import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import { readTextIfExists, writeDurably } from '../../files/durable-file.ts';
import type { Day } from '../../records/day.ts';
import type { AttributionSide } from '../kinds/kind.ts';

const fileShape = z.array(
  z.object({
    workspace: z.string(),
    side: z.enum(['ads', 'opportunities', 'events']),
    days: z.array(z.int()),
  }),
);

interface Entry {
  readonly workspace: string;
  readonly side: AttributionSide;
  /** How many writers have marked each day; 0: left over by a failure or by an earlier process. */
  readonly marks: Map<Day, number>;
}

/** Days whose attribution is due, in memory and in a file that is never behind. */
export interface PendingDays {
  /** Resolves when the days are on disk. */
  mark(workspace: string, side: AttributionSide, days: Iterable<Day>): Promise<void>;
  /** One writer's mark is made good; a day goes when no other writer's mark is left. */
  settle(workspace: string, side: AttributionSide, days: Iterable<Day>): Promise<void>;
  /** One writer's mark is given up: the day stays, as a leftover. */
  abandon(workspace: string, side: AttributionSide, days: Iterable<Day>): void;
  leftovers(): {
    readonly workspace: string;
    readonly side: AttributionSide;
    readonly days: readonly Day[];
  }[];
  /** Leftovers are made good. */
  clear(workspace: string, side: AttributionSide, days: Iterable<Day>): Promise<void>;
  close(): Promise<void>;
}

export async function openPendingDays(file: string): Promise<PendingDays> {
  const entries = new Map<string, Entry>();
  const saving = new Mutex();
  let changes = 0;
  let saved = 0;

  const entryOf = (workspace: string, side: AttributionSide): Entry => {
    const key = JSON.stringify([workspace, side]);
    const entry = entries.get(key) ?? { workspace, side, marks: new Map<Day, number>() };
    entries.set(key, entry);
    return entry;
  };
  /** Resolves when everything up to now is on disk; calls that wait together share one write. */
  const save = async (): Promise<void> => {
    const wanted = changes;
    await saving.runExclusive(async () => {
      if (saved >= wanted) return;
      const upTo = changes;
      const list = [...entries.values()].filter(({ marks }) => marks.size > 0);
      const text = JSON.stringify(
        list.map(({ workspace, side, marks }) => ({ workspace, side, days: [...marks.keys()] })),
      );
      await writeDurably(file, text);
      saved = upTo;
    });
  };
  const remove = async (
    workspace: string,
    side: AttributionSide,
    days: Iterable<Day>,
    left: (marks: number) => number,
  ): Promise<void> => {
    const { marks } = entryOf(workspace, side);
    const before = marks.size;
    for (const day of days) {
      const remaining = left(marks.get(day) ?? 0);
      if (remaining > 0) marks.set(day, remaining);
      else marks.delete(day);
    }
    if (marks.size === before) return;
    changes += 1;
    await save();
  };

  for (const { workspace, side, days } of parse(await readTextIfExists(file), file)) {
    const { marks } = entryOf(workspace, side);
    for (const day of days) marks.set(day, 0);
  }

  return {
    async mark(workspace, side, days) {
      const { marks } = entryOf(workspace, side);
      const before = marks.size;
      for (const day of days) marks.set(day, (marks.get(day) ?? 0) + 1);
      if (marks.size > before) changes += 1;
      await save();
    },
    settle: (workspace, side, days) => remove(workspace, side, days, (marks) => marks - 1),
    abandon(workspace, side, days) {
      const { marks } = entryOf(workspace, side);
      for (const day of days) marks.set(day, Math.max(0, (marks.get(day) ?? 0) - 1));
    },
    leftovers: () =>
      [...entries.values()].flatMap(({ workspace, side, marks }) => {
        const days = [...marks].filter(([, count]) => count === 0).map(([day]) => day);
        return days.length === 0 ? [] : [{ workspace, side, days }];
      }),
    clear: (workspace, side, days) => remove(workspace, side, days, (marks) => marks),
    close: () => saving.waitForUnlock(),
  };
}

function parse(text: string | undefined, file: string): z.infer<typeof fileShape> {
  if (text === undefined || text === '') return [];
  try {
    return fileShape.parse(JSON.parse(text));
  } catch (error) {
    throw new UtmqlError(
      'CONFIGURATION',
      `${file} cannot be read. It lists the days whose attribution is due; remove it, then trigger the sources once.`,
      { cause: error },
    );
  }
}
