import { type LabelName, snakeCase } from '../../metrics/registry.ts';
import type { RollupSet } from '../../metrics/rollups/sets.ts';
import { type Candidate, hasAll, type Shape, shapesOf, sumOf } from './candidates.ts';
import type { AskedQuestion } from './read-questions.ts';
import type { Sample } from './sample.ts';

/** A set of more than this share of the tables' rows saves little of a read, and is expensive to build. */
export const mostShareOfRows = 0.3;
/** A set that saves less of all rows that `metrics` reads is not worth its upkeep. */
const leastSaving = 0.01;
/** Fewer values of a dimension are found by the usual order of rows almost as fast. */
const leastValuesOfLead = 100;

/** A set that is worth adding. */
export interface AdvisedSet {
  readonly name: string;
  readonly dimensions: readonly LabelName[];
  readonly lead?: LabelName;
  /** Questions that were read from the tables for want of it. */
  readonly questions: number;
  readonly medianMs: number;
  /** The share of all rows that `metrics` read which these questions would not have read. */
  readonly saving: number;
  readonly rowsPerDay: number;
  readonly bytesPerDay: number;
  /** Its rows as a share of those of the tables. */
  readonly shareOfRows: number;
}

export interface Advice {
  readonly questions: number;
  /** How many of them were answered from rollups. */
  readonly fromRollups: number;
  /** By all of them. */
  readonly rowsRead: number;
  /** Of the first of them; undefined: there was none. */
  readonly firstAt: string | undefined;
  /** What saves most comes first. */
  readonly sets: readonly AdvisedSet[];
  /** Sets that would have too many rows to pay. */
  readonly tooLarge: readonly Pick<AdvisedSet, 'dimensions' | 'questions' | 'shareOfRows'>[];
  /** Other questions that no set has the dimensions of: a set for them would save too little. */
  readonly tooLittle: { readonly questions: number; readonly combinations: number };
  /** Questions by breakdowns, which no set can have. */
  readonly byBreakdown: number;
  /** Sets that answered none of the questions. */
  readonly unused: readonly string[];
}

/** What is known when candidates are judged. */
interface Known {
  readonly asked: readonly AskedQuestion[];
  readonly sets: readonly RollupSet[];
  readonly candidates: readonly Candidate[];
  /** Of the candidates, in their order. */
  readonly sample: Sample;
}

/**
 * Says which candidates are worth a set, and which sets are not used. Savings are estimated by the share of the rows of a
 * question's tables that a set would have. Pure.
 */
export function advise(known: Known): Advice {
  const { asked, sets, candidates, sample } = known;
  const rowsOf = rowsByCandidate(known);
  const shareOf = (candidate: Candidate): number => rowsOf(candidate) / (sample.rows.ads + sample.rows.crm);
  const { advised, left } = chooseSets(known, rowsOf, shareOf);
  const tooLarge = left.flatMap((shape) => {
    const candidate = candidates.find(({ dimensions }) => dimensions.join() === shape.dimensions.join());
    return candidate !== undefined && shareOf(candidate) > mostShareOfRows
      ? [{ shape, shareOfRows: shareOf(candidate) }]
      : [];
  });
  const tooLittle = left.filter((shape) => tooLarge.every((large) => large.shape !== shape));
  const used = new Set(asked.map(({ question }) => question.set));
  const firstAtMs = Math.min(...asked.map((each) => each.firstAtMs));
  return {
    questions: timesOf(asked),
    fromRollups: timesOf(asked.filter(({ question }) => question.set !== undefined)),
    rowsRead: sumOf(asked, ({ rowsRead }) => rowsRead),
    firstAt: asked.length === 0 ? undefined : new Date(firstAtMs).toISOString(),
    sets: advised,
    tooLarge: tooLarge.map(({ shape, shareOfRows }) => ({
      dimensions: shape.dimensions,
      questions: timesOf(shape.asked),
      shareOfRows,
    })),
    tooLittle: {
      questions: sumOf(tooLittle, (shape) => timesOf(shape.asked)),
      combinations: tooLittle.length,
    },
    byBreakdown: timesOf(asked.filter(({ question }) => question.hasBreakdown)),
    unused: sets.map(({ name }) => name).filter((name) => !used.has(name)),
  };
}

/**
 * Takes the candidate that saves most, then the one that saves most of the questions that are left, and so on. A union has to
 * have no more rows than the two that it stands for.
 */
function chooseSets(
  { asked, sets, candidates, sample }: Known,
  rowsOf: (candidate: Candidate) => number,
  shareOf: (candidate: Candidate) => number,
): { advised: readonly AdvisedSet[]; left: readonly Shape[] } {
  const paying = candidates.filter(
    (candidate) =>
      shareOf(candidate) <= mostShareOfRows &&
      (candidate.unites === undefined || rowsOf(candidate) <= sumOf(candidate.unites, rowsOf)),
  );
  const savedOf = (candidate: Candidate, { question, rowsRead }: AskedQuestion): number => {
    const rows = sumOf(question.sides, (side) => sample.rows[side]);
    return rows === 0 ? 0 : rowsRead * Math.max(0, 1 - rowsOf(candidate) / rows);
  };
  const rowsRead = sumOf(asked, (each) => each.rowsRead);
  const names = new Set(sets.map(({ name }) => name));
  const advised: AdvisedSet[] = [];
  let left = shapesOf(asked, sets);
  for (;;) {
    const [best] = paying
      .map((candidate) => {
        const served = left.filter(({ dimensions }) => hasAll(candidate.dimensions, dimensions));
        const questions = served.flatMap((shape) => shape.asked);
        return { candidate, questions, saved: sumOf(questions, (each) => savedOf(candidate, each)) };
      })
      .sort((one, other) => other.saved - one.saved);
    if (best === undefined || best.saved === 0 || best.saved < leastSaving * rowsRead)
      return { advised, left };
    const { candidate, questions, saved } = best;
    const { dimensions } = candidate;
    const lead = leadOf(dimensions, questions, sample);
    const rowsPerDay = Math.round(rowsOf(candidate) / sample.days);
    advised.push({
      name: nameFor(dimensions, names),
      dimensions,
      ...(lead !== undefined && { lead }),
      questions: timesOf(questions),
      medianMs: medianOf(questions),
      saving: saved / rowsRead,
      rowsPerDay,
      bytesPerDay: Math.round(rowsPerDay * sample.bytesPerRow),
      shareOfRows: shareOf(candidate),
    });
    left = left.filter((shape) => !hasAll(dimensions, shape.dimensions));
  }
}

function rowsByCandidate({ candidates, sample }: Known): (candidate: Candidate) => number {
  const rows = new Map(candidates.map((candidate, index) => [candidate, sample.groups[index] ?? 0]));
  return (candidate) => rows.get(candidate) ?? 0;
}

const timesOf = (questions: readonly AskedQuestion[]): number => sumOf(questions, ({ times }) => times);

/** The dimension of many values that most of the rows were read to find some values of. */
function leadOf(
  dimensions: readonly LabelName[],
  asked: readonly AskedQuestion[],
  { values }: Sample,
): LabelName | undefined {
  const half = sumOf(asked, ({ rowsRead }) => rowsRead) / 2;
  const valuesOf = (name: LabelName): number => values.get(name) ?? 0;
  const [lead] = dimensions
    .filter((name) => valuesOf(name) >= leastValuesOfLead)
    .filter(
      (name) => sumOf(asked, (each) => (each.question.picked.includes(name) ? each.rowsRead : 0)) > half,
    )
    .sort((one, other) => valuesOf(other) - valuesOf(one));
  return lead;
}

function medianOf(asked: readonly AskedQuestion[]): number {
  const all = asked.flatMap(({ durations }) => [...durations]).sort(([oneMs], [otherMs]) => oneMs - otherMs);
  const half = sumOf(all, ([, times]) => times) / 2;
  let seen = 0;
  for (const [ms, times] of all) {
    seen += times;
    if (seen >= half) return ms;
  }
  return 0;
}

/** Names the dimensions besides the channel: `content`, `campaign_term`. Adds the name to those that are taken. */
function nameFor(dimensions: readonly LabelName[], taken: Set<string>): string {
  const words = dimensions
    .filter((name) => name !== 'channel')
    .map((name) =>
      snakeCase(name)
        .replace(/_id$/, '')
        .replace(/^utm_(?!campaign)/, ''),
    );
  const name = words.join('_').slice(0, 36).replace(/_$/, '');
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`;
  taken.add(free);
  return free;
}
