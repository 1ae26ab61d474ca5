import { z } from 'zod';
import { badInput } from '../errors.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import { type ComparisonInput, resolveComparison } from '../metrics/comparison.ts';
import type { Conversion } from '../metrics/currency/conversion.ts';
import { amountsOf } from '../metrics/currency/money-report.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import { catalogueOf } from '../metrics/model.ts';
import {
  type FigureKind,
  type Fold,
  figureKinds,
  type Having,
  type MetricsQuery,
  type MetricsResult,
  type MetricsRow,
  type Order,
} from '../metrics/query.ts';
import { bucketsOf, type RangeInput, resolveRange } from '../metrics/range.ts';
import {
  type AskedDimension,
  type CrmDate,
  type DimensionName,
  fieldOf,
  type Granularity,
  isMeasure,
  type MeasureName,
  type TextDimension,
  type Weekday,
} from '../metrics/registry.ts';
import type { Day } from '../records/day.ts';
import { dimensionText, readBreakdowns } from './breakdowns.ts';
import { toEnumName } from './builder.ts';
import { createCursors, type Page, positionPart, readCursor, rowPaths } from './pages.ts';
import type { Selection } from './selection.ts';

export const defaultFirst = 100;
const maxBuckets = 10_000;
const maxFolded = 1_000;
const maxSubtotals = 10;

/** The arguments of `metrics`, read but not yet checked against each other. */
export interface MetricsArguments {
  readonly useRollups?: boolean;
  readonly conversion?: Conversion | undefined;
  readonly crmDate?: CrmDate;
  readonly range: RangeInput;
  readonly groupBy: readonly DimensionName[];
  readonly granularity: Granularity;
  readonly weekStart: Weekday;
  readonly where: Filter | undefined;
  readonly having: readonly Having[];
  readonly orderBy: readonly Order[];
  readonly compareTo: ComparisonInput | undefined;
  readonly fill: boolean;
  readonly first: number;
  readonly after: string | undefined;
  readonly limitBy: LimitBy | undefined;
}

/**
 * Arguments and selection → query. Only what is selected is asked for.
 *
 * @throws UtmqlError BAD_USER_INPUT with a sentence that names the argument and the valid choices
 */
export function buildQuery(
  scope: DataScope,
  args: MetricsArguments,
  selection: Selection,
  today: Day,
): MetricsQuery {
  const { groupBy, first, granularity, weekStart } = args;
  checkNames(args);
  const range = resolveRange(args.range, today, weekStart);
  const byDate = groupBy.includes('date');
  if (args.fill && !byDate) throw badInput('fill needs DATE in groupBy; add it or leave fill out.');
  const fill = args.fill ? bucketsOf(range, granularity, weekStart) : undefined;
  if (fill !== undefined && fill.length > maxBuckets) {
    throw badInput(
      `fill: the range has ${fill.length} buckets; at most ${maxBuckets} can be filled. Choose a coarser granularity.`,
    );
  }
  const query: MetricsQuery = {
    ...scope,
    range,
    groupBy,
    granularity,
    weekStart,
    where: args.where,
    having: args.having,
    orderBy: args.orderBy,
    compareTo:
      args.compareTo &&
      resolveComparison(args.compareTo, range, args.range, {
        weekStart,
        grouped: byDate && granularity === 'week',
      }),
    fold: undefined,
    fill,
    offset: 0,
    limit: first,
    ...shownBy(selection, [...rowPaths, ['totals']], catalogueOf(scope.model)),
    subtotalBy: undefined,
    wants: {
      rows: ['nodes', 'edges', 'pageInfo'].some((name) => selection.has(name)),
      totals: selection.has('totals'),
      totalCount: selection.has('totalCount'),
    },
    crmDate: args.crmDate ?? 'created',
    dateOf: 'figure',
    conversion: args.conversion,
    useRollups: args.useRollups ?? true,
  };
  if (args.after === undefined) return query;
  const [offset] = readCursor(args.after, pagedQuery(query, args.limitBy), offsetOnly);
  return { ...query, offset };
}

/** The measures that the selection shows in these places, and which figures of them. */
export function shownBy(
  selection: Selection,
  places: readonly (readonly string[])[],
  catalogue: Catalogue,
): Pick<MetricsQuery, 'measures' | 'figures'> {
  const measures = new Set<string>();
  const figures = new Set<FigureKind>(['current']);
  for (const place of places) {
    for (const name of selection.names(...place)) measures.add(name);
    for (const kind of figureKinds) {
      for (const name of selection.names(...place, kind)) measures.add(name);
      if (selection.has(...place, kind)) figures.add(kind);
    }
  }
  return {
    measures: catalogue.measures.filter((name) => measures.has(fieldOf(name))),
    figures: figureKinds.filter((kind) => figures.has(kind)),
  };
}

function checkNames({ groupBy, orderBy, having, compareTo }: MetricsArguments): void {
  const repeated = groupBy.find((name, index) => groupBy.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw badInput(`groupBy names ${dimensionText(repeated)} twice; name each dimension once.`);
  }
  for (const { by } of orderBy) {
    if (!isMeasure(by) && !groupBy.includes(by)) {
      const choices =
        groupBy.length === 0 ? 'a measure' : `a measure or one of ${groupBy.map(dimensionText).join(', ')}`;
      throw badInput(`orderBy: ${dimensionText(by)} is not in groupBy; order by ${choices}.`);
    }
  }
  if (compareTo !== undefined) return;
  for (const [argument, terms] of [
    ['orderBy', orderBy],
    ['having', having],
  ] as const) {
    const term = terms.find(({ of }) => of !== 'current');
    if (term) throw badInput(`${argument}: ${toEnumName(term.of)} needs compareTo; add it or take CURRENT.`);
  }
}

export interface LimitBy {
  readonly n: number;
  readonly dimension: DimensionName;
  readonly measure: MeasureName | undefined;
  readonly others: boolean;
  /** Keeps the rows without a value beside the `n` largest. */
  readonly keepNull: boolean;
}

/** The query that finds out which values of a dimension are the largest. */
export function rankingQuery(
  query: MetricsQuery,
  { n, dimension, measure, keepNull }: LimitBy,
): MetricsQuery {
  if (!query.groupBy.includes(dimension) || dimension === 'date') {
    const choices = query.groupBy.filter((name) => name !== 'date').map(dimensionText);
    throw badInput(
      `limitBy.dimension: ${dimensionText(dimension)} must be in groupBy and not DATE${choices.length === 0 ? '' : `; choose of ${choices.join(', ')}`}.`,
    );
  }
  if (n < 1 || n > maxFolded) throw badInput(`limitBy.n: ${n} is not between 1 and ${maxFolded}.`);
  const ordered = query.orderBy.map(({ by }) => by).find(isMeasure);
  const by = measure ?? ordered ?? 'cost';
  return {
    ...query,
    groupBy: [dimension],
    having: [],
    orderBy: [{ by, of: 'current', direction: 'desc' }],
    compareTo: undefined,
    fill: undefined,
    offset: 0,
    // One more: rows without a value may be among the largest, and do not count.
    limit: keepNull ? n + 1 : n,
    measures: [by],
    figures: ['current'],
    wants: { rows: true, totals: false, totalCount: false },
  };
}

/** How ClickHouse has a missing value of a dimension. */
const missing = '';

/** What the ranking found, as the fold of the query that asked for it. */
export const foldOf = (
  { n, dimension, others, keepNull }: LimitBy,
  ranked: readonly (string | null | undefined)[],
): Fold => {
  const values = ranked.map((value) => value ?? missing);
  const named = values.filter((value) => value !== missing);
  return {
    dimension: dimension as TextDimension,
    values: keepNull ? [...named.slice(0, n), missing] : values,
    others,
  };
};

/**
 * Dimensions and breakdowns of each level of subtotals.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function readLevels(
  by: readonly (readonly AskedDimension[])[],
  breakdowns: readonly (readonly string[])[],
  groupBy: readonly DimensionName[],
): DimensionName[][] {
  const levels = Array.from({ length: Math.max(by.length, breakdowns.length) }, (_, index) => [
    ...(by[index] ?? []),
    ...readBreakdowns(breakdowns[index] ?? [], `subtotals.breakdowns[${index}]`),
  ]);
  checkLevels(levels, groupBy);
  return levels;
}

function checkLevels(levels: readonly (readonly DimensionName[])[], groupBy: readonly DimensionName[]): void {
  if (levels.length > maxSubtotals)
    throw badInput(`subtotals.by has ${levels.length} levels; at most ${maxSubtotals} can be given.`);
  for (const level of levels) {
    const repeated = level.find((name, index) => level.indexOf(name) !== index);
    if (repeated !== undefined)
      throw badInput(
        `subtotals.by names ${dimensionText(repeated)} twice in a level; name each dimension once.`,
      );
    const other = level.find((name) => !groupBy.includes(name));
    if (other !== undefined)
      throw badInput(
        `subtotals.by: ${dimensionText(other)} is not in groupBy; choose of ${groupBy.map(dimensionText).join(', ')}.`,
      );
  }
}

/** The page that an answer shows. */
export function pageOf(
  query: MetricsQuery,
  limitBy: LimitBy | undefined,
  result: MetricsResult,
): Page<MetricsRow> {
  return {
    nodes: result.rows,
    cursorAt: createCursors(pagedQuery(query, limitBy), (index) => [query.offset + index + 1]),
    hasPreviousPage: query.offset > 0,
    hasNextPage: result.hasNextPage,
  };
}

const offsetOnly = z.tuple([positionPart]);

/** The same for all pages of one query, whatever their size, what they show and what they are read from. */
function pagedQuery(query: MetricsQuery, limitBy: LimitBy | undefined): unknown {
  // Not the fold: which values are the largest may change from page to page.
  const {
    offset,
    limit,
    measures,
    figures,
    wants,
    fold,
    subtotalBy,
    useRollups,
    dateOf,
    crmDate,
    conversion,
    ...rest
  } = query;
  const { n, dimension, measure, others, keepNull } = limitBy ?? {};
  // Cursors of earlier versions, which knew one day only, stay valid.
  const closes = crmDate === 'created' ? {} : { crmDate };
  const kept = keepNull ? { keepNull } : {};
  // Rows of figures in another currency may be others, or in another order.
  const isByMoney = limitBy !== undefined || amountsOf({ ...query, measures: [] }).length > 0;
  const currency = isByMoney && conversion !== undefined ? { currency: conversion.currency } : {};
  return [{ ...rest, ...closes, ...kept, ...currency }, n, dimension, measure, others];
}
