import { createHash } from 'node:crypto';
import { badInput } from '../errors.ts';
import { type ComparisonInput, resolveComparison } from '../metrics/comparison.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import {
  type FigureKind,
  type Fold,
  figureKinds,
  type Having,
  type MetricsQuery,
  type Order,
} from '../metrics/query.ts';
import { queryKey } from '../metrics/query-key.ts';
import { bucketsOf, type RangeInput, resolveRange } from '../metrics/range.ts';
import {
  type DimensionName,
  type Granularity,
  isMeasure,
  type MeasureName,
  measureNames,
  type TextDimension,
  type Weekday,
} from '../metrics/registry.ts';
import type { Day } from '../records/day.ts';
import { dimensionText } from './breakdowns.ts';
import { toEnumName } from './builder.ts';
import type { Selection } from './selection.ts';

export const defaultFirst = 100;
export const maxFirst = 10_000;
const maxBuckets = 10_000;
const maxFolded = 1_000;

/** The arguments of `metrics`, read but not yet checked against each other. */
export interface MetricsArguments {
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
  if (!Number.isInteger(first) || first < 1 || first > maxFirst) {
    throw badInput(`first: ${first} is not between 1 and ${maxFirst}.`);
  }
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
    compareTo: args.compareTo && resolveComparison(args.compareTo, range, args.range),
    fold: undefined,
    fill,
    offset: 0,
    limit: first,
    ...shownBy(selection, ['nodes', 'totals']),
    subtotalBy: undefined,
    wants: {
      rows: selection.has('nodes') || selection.has('pageInfo'),
      totals: selection.has('totals'),
      totalCount: selection.has('totalCount'),
    },
  };
  return args.after === undefined ? query : { ...query, offset: readCursor(args.after, query, args.limitBy) };
}

/** The measures that the selection shows in these places, and which figures of them. */
export function shownBy(
  selection: Selection,
  places: readonly string[],
): Pick<MetricsQuery, 'measures' | 'figures'> {
  const measures = new Set<string>();
  const figures = new Set<FigureKind>(['current']);
  for (const place of places) {
    for (const name of selection.names(place)) measures.add(name);
    for (const kind of figureKinds) {
      for (const name of selection.names(place, kind)) measures.add(name);
      if (selection.has(place, kind)) figures.add(kind);
    }
  }
  return {
    measures: measureNames.filter((name: MeasureName) => measures.has(name)),
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
}

/** The query that finds out which values of a dimension are the largest. */
export function rankingQuery(query: MetricsQuery, { n, dimension, measure }: LimitBy): MetricsQuery {
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
    limit: n,
    measures: [by],
    figures: ['current'],
    wants: { rows: true, totals: false, totalCount: false },
  };
}

/** What the ranking found, as the fold of the query that asked for it. */
export const foldOf = (
  { dimension, others }: LimitBy,
  values: readonly (string | null | undefined)[],
): Fold => ({
  dimension: dimension as TextDimension,
  values: values.map((value) => value ?? ''),
  others,
});

/** Where a page ended, with a mark of the query that it belongs to. Opaque to callers. */
export function writeCursor(query: MetricsQuery, limitBy: LimitBy | undefined, rows: number): string {
  return Buffer.from(`${query.offset + rows}.${mark(query, limitBy)}`).toString('base64url');
}

function readCursor(cursor: string, query: MetricsQuery, limitBy: LimitBy | undefined): number {
  const match = /^(\d{1,15})\.([0-9a-f]{16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) throw badInput('after: this is no cursor; pass the `endCursor` of the page before.');
  if (match[2] !== mark(query, limitBy)) {
    throw badInput(
      'after: this cursor is of another query; a page goes on only with the same range, groupBy, where, having, orderBy, compareTo, fill and limitBy.',
    );
  }
  return Number(match[1]);
}

/** The same for all pages of one query, whatever their size and what they show. */
function mark(query: MetricsQuery, limitBy: LimitBy | undefined): string {
  // Not the fold: which values are the largest may change from page to page.
  const { offset, limit, measures, figures, wants, fold, subtotalBy, ...rest } = query;
  const { n, dimension, measure, others } = limitBy ?? {};
  return createHash('sha256')
    .update(queryKey([rest, n, dimension, measure, others]))
    .digest('hex')
    .slice(0, 16);
}
