import { setTimeout as delay } from 'node:timers/promises';
import { type Generations, readGenerations } from './generations.ts';
import type { Program } from './program.ts';
import type { SqlReader } from './sql-reader.ts';

/** Readers that look at every day, again and again, while runs are killed. */
export interface Watchers {
  /** Days seen. */
  readonly looks: number;
  /** Looks at a day that were of no generation. */
  readonly mixtures: number;
  /** Looks at a day that were of an older generation than an earlier look of the same reader. */
  readonly stepsBack: number;
  /** What was seen in the first of them. */
  readonly example: string;
  stop(): Promise<void>;
}

const pauseMs = 5;

/** @param ended ends them at once */
export function startWatchers(
  sql: SqlReader,
  program: Program,
  generations: Generations,
  ended: AbortSignal,
): Watchers {
  const seen = { looks: 0, mixtures: 0, stepsBack: 0, example: '' };
  let stopping = false;

  const watch = async (name: string, look: () => Promise<ReadonlyMap<string, number | undefined>>) => {
    const newest = new Map<string, number>();
    while (!stopping && !ended.aborted) {
      try {
        for (const [day, generation] of await look()) {
          seen.looks += 1;
          if (generation === undefined) {
            seen.mixtures += 1;
            seen.example ||= `${name}: a mixture on ${day}`;
            continue;
          }
          const before = newest.get(day) ?? -1;
          if (generation < before) {
            seen.stepsBack += 1;
            seen.example ||= `${name}: ${day} went from generation ${before} back to ${generation}`;
          }
          newest.set(day, Math.max(before, generation));
        }
      } catch {
        // Whoever answers has just been killed.
        await delay(20);
      }
      await delay(pauseMs);
    }
  };
  const watching = [
    watch('SQL', () => readGenerations(sql, generations)),
    watch('GraphQL', () => askGenerations(program, generations)),
  ];
  return {
    get looks() {
      return seen.looks;
    },
    get mixtures() {
      return seen.mixtures;
    },
    get stepsBack() {
      return seen.stepsBack;
    },
    get example() {
      return seen.example;
    },
    async stop() {
      stopping = true;
      await Promise.all(watching);
    },
  };
}

async function askGenerations(
  program: Program,
  generations: Generations,
): Promise<ReadonlyMap<string, number | undefined>> {
  const { metrics } = await program.graphql<{
    metrics: { nodes: { date: string; cost: number; clicks: number }[] };
  }>(
    `{ metrics(dateRange: { last: { count: ${generations.days.length + 2}, unit: DAY } }, groupBy: [DATE]) { nodes { date cost clicks } } }`,
  );
  return new Map(
    metrics.nodes.map(({ date, cost, clicks }) => [
      date,
      generations.recognise(date, { costCents: Math.round(cost * 100), clicks }),
    ]),
  );
}
