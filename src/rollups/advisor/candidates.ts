import { type LabelName, labelNames } from '../../metrics/registry.ts';
import { dimensionsOfAllSets, type RollupSet } from '../../metrics/rollups/sets.ts';
import type { AskedQuestion } from './read-questions.ts';

/** Combinations of dimensions that are looked at, and of these, those that are also united in pairs: who reads most first. */
const most = { shapes: 20, united: 8 } as const;

/** Questions that need the same dimensions, and that no set has them of. */
export interface Shape {
  readonly dimensions: readonly LabelName[];
  readonly asked: readonly AskedQuestion[];
}

/** Dimensions that a set could have. */
export interface Candidate {
  /** In the order of the registry, without those of all sets. */
  readonly dimensions: readonly LabelName[];
  /** Of a union: the candidates that it would stand for. */
  readonly unites?: readonly [Candidate, Candidate];
}

/**
 * The dimensions that the questions without a set need, those first by which most rows were read, and unions of two of them.
 * Pure.
 */
export function candidatesFor(
  asked: readonly AskedQuestion[],
  sets: readonly RollupSet[],
): readonly Candidate[] {
  const alone: Candidate[] = shapesOf(asked, sets)
    .slice(0, most.shapes)
    .map(({ dimensions }) => ({ dimensions }));
  const known = new Set(alone.map(({ dimensions }) => dimensions.join()));
  const united = alone.slice(0, most.united);
  const unions = united.flatMap((one, index) =>
    united.slice(index + 1).flatMap((other): Candidate[] => {
      const dimensions = labelNames.filter(
        (name) => one.dimensions.includes(name) || other.dimensions.includes(name),
      );
      if (known.has(dimensions.join())) return [];
      known.add(dimensions.join());
      return [{ dimensions, unites: [one, other] }];
    }),
  );
  return [...alone, ...unions];
}

/** Those by which most rows were read come first. Pure. */
export function shapesOf(asked: readonly AskedQuestion[], sets: readonly RollupSet[]): readonly Shape[] {
  const shapes = new Map<string, Shape>();
  for (const each of asked) {
    const { dimensions: needed, hasBreakdown, set, wouldUseSet } = each.question;
    const isServed = set !== undefined || sets.some(({ dimensions }) => hasAll(dimensions, needed));
    if (isServed || hasBreakdown || !wouldUseSet) continue;
    const dimensions = needed.filter((name) => !dimensionsOfAllSets.includes(name));
    const key = dimensions.join();
    shapes.set(key, { dimensions, asked: [...(shapes.get(key)?.asked ?? []), each] });
  }
  const rowsOf = (shape: Shape): number => sumOf(shape.asked, ({ rowsRead }) => rowsRead);
  return [...shapes.values()].sort((one, other) => rowsOf(other) - rowsOf(one));
}

export const hasAll = (dimensions: readonly LabelName[], needed: readonly LabelName[]): boolean =>
  needed.every((name) => dimensions.includes(name));

export const sumOf = <T>(list: readonly T[], value: (each: T) => number): number =>
  list.reduce((sum, each) => sum + value(each), 0);
