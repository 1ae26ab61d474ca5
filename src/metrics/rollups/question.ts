import { identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Plan, Scan } from '../plan.ts';
import { type LabelName, labelNames, type Side, snakeCase } from '../registry.ts';
import { neededDimensions, pickedDimensions } from './choose.ts';

/** What a statement of `metrics` says of its question, for whoever reads ClickHouse's `system.query_log`. */
export interface Question {
  /** The tables that have its figures. */
  readonly sides: readonly Side[];
  /** What it groups, filters, folds and is restricted by, in the order of the registry. */
  readonly dimensions: readonly LabelName[];
  /** Whether a breakdown is among them. No set has any. */
  readonly hasBreakdown: boolean;
  /** The dimensions of which only given values count. */
  readonly picked: readonly LabelName[];
  /** The set that answered it, of all days or some; undefined: the tables alone. */
  readonly set: string | undefined;
  /** Whether a set with its dimensions would be read: not for few rows, nor where the tables are asked for. */
  readonly wouldUseSet: boolean;
}

const breakdown = 'breakdown';
const labelOf = new Map(labelNames.map((name) => [snakeCase(name), name] as const));

/** @param reading the plan as it is read, of tables and rollups */
export function questionOf(planned: Plan, reading: Plan<Scan>, wouldUseSet: boolean): Question {
  const needed = neededDimensions(planned);
  const picked = pickedDimensions(planned);
  const sides = new Set(planned.scans.flatMap(({ side }) => (side === 'events' ? [] : [side])));
  const dimensions = labelNames.filter((name) => needed.has(name));
  return {
    sides: [...sides],
    dimensions,
    hasBreakdown: needed.size > dimensions.length,
    picked: labelNames.filter((name) => picked.has(name)),
    set: reading.scans.flatMap((scan) => ('rollup' in scan ? [scan.rollup.name] : []))[0],
    wouldUseSet,
  };
}

/**
 * The statement with its question in front, as a text that is not used. ClickHouse logs statements without their comments. Has
 * names of the registry and of sets only: nothing that a caller has written.
 *
 * @param statement begins with SELECT
 * @param isRepeated the question is read a second time for one answer, and counts once
 */
export function withQuestion(statement: Sql, question: Question, isRepeated = false): Sql {
  const { sides, dimensions, hasBreakdown, picked, set, wouldUseSet } = question;
  const list = (names: readonly string[]): Sql =>
    join(
      names.map((name) => identifier(snakeCase(name))),
      ', ',
    );
  const by = list([...dimensions, ...(hasBreakdown ? [breakdown] : [])]);
  const tables = wouldUseSet ? sql`tables` : sql`tables by choice`;
  const from = set === undefined ? tables : sql`rollup ${identifier(set)}`;
  const metrics = isRepeated ? sql`metrics again` : sql`metrics`;
  return sql`WITH '${metrics} of ${list(sides)}; by ${by}; picked ${list(picked)}; from ${from}' AS asked ${statement}`;
}

/** Matches logged statements of `metrics`, but for those that are read again. The group is what `parseQuestion` takes. */
export const questionPattern = "^WITH 'metrics (of [a-z0-9_,; ]*)' AS asked SELECT ";

const written =
  /^of (?<sides>[a-z, ]*); by (?<by>[a-z_, ]*); picked (?<picked>[a-z_, ]*); from (?:rollup (?<set>[a-z0-9_]+)|tables(?<choice> by choice)?)$/;

/** Undefined for what another version of the program wrote. */
export function parseQuestion(text: string): Question | undefined {
  const { sides = '', by = '', picked = '', set, choice } = written.exec(text)?.groups ?? {};
  if (sides === '') return undefined;
  const names = (list: string): string[] => (list === '' ? [] : list.split(', '));
  const labels = (list: string): LabelName[] => names(list).flatMap((name) => labelOf.get(name) ?? []);
  const hasBreakdown = names(by).includes(breakdown);
  const dimensions = labels(by);
  if (names(by).length > dimensions.length + (hasBreakdown ? 1 : 0)) return undefined;
  return {
    sides: (['ads', 'crm'] as const).filter((side) => names(sides).includes(side)),
    dimensions,
    hasBreakdown,
    picked: labels(picked),
    set,
    wouldUseSet: choice === undefined,
  };
}
