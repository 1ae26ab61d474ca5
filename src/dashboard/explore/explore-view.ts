import type {
  CrmDate,
  DashboardExploreQueryVariables,
  DashboardExportQueryVariables,
  Dimension,
  Measure,
  OrderByInput,
} from '../../../schema/generated/dashboard/graphql.ts';
import type { ChartKind } from '../charts/plot-options.ts';
import { asking } from '../text/measures.ts';
import { dimensions, isLabel, type Label, whereOf } from '../view/filters.ts';
import { comparisonInput, fittingGranularity, rangeInput } from '../view/range.ts';
import { parseMeasures, printMeasures, type View } from '../view/view.ts';

/** Rows of a page of the table. */
export const pageRows = 50;
/** Lines of the chart, beside those of unattributed rows and of all others. */
const chartLines = 6;
/** Rows for the chart: more would cost too much, and no chart shows them. */
const mostPoints = 4_000;
/** Custom dimensions at once: a document names them one by one. */
export const mostBreakdowns = 2;
const mostLabels = 4;

/** What explore shows beside the view. */
export interface ExploreChoice {
  readonly measures: readonly Measure[];
  /** The table has a row for each combination of these. */
  readonly rows: readonly (Label | 'DATE')[];
  /** Names of custom dimensions. */
  readonly breakdowns: readonly string[];
  readonly sort: { readonly by: Measure | Dimension; readonly isDescending: boolean };
  /** Only so many values of the first dimension; the rest is one row. */
  readonly top: number | undefined;
  readonly chart: ChartKind;
  /** In the chart. */
  readonly measure: Measure;
  readonly crmDate: CrmDate;
  /** Cursor of the page before. */
  readonly after: string | undefined;
}

export const topChoices = [5, 10, 20, 50] as const;
const usualMeasures: readonly Measure[] = ['COST', 'LEADS', 'CPA', 'REVENUE', 'ROAS'];
const usualRows: readonly Label[] = ['CHANNEL'];

export function parseExplore(own: URLSearchParams): ExploreChoice {
  const asked = parseMeasures(own.get('measures'));
  const measures = asked.length > 0 ? asked : usualMeasures;
  const words = (own.get('rows') ?? '').toUpperCase().split(',');
  const rows = own.has('rows') ? [...new Set(words)].filter(isRow).slice(0, mostLabels) : usualRows;
  const sort = /^(-?)(\w+)$/.exec(own.get('sort') ?? '');
  const by = sort?.[2]?.toUpperCase() ?? '';
  const [first = 'COST'] = measures;
  const isKnown = measures.some((measure) => measure === by) || rows.some((row) => row === by);
  return {
    measures,
    rows,
    breakdowns: [...new Set(own.getAll('breakdown'))].filter(Boolean).slice(0, mostBreakdowns),
    sort: isKnown
      ? { by: by as Measure | Dimension, isDescending: sort?.[1] === '-' }
      : rows[0] === 'DATE'
        ? { by: 'DATE', isDescending: false }
        : { by: first, isDescending: true },
    top: topChoices.find((count) => String(count) === own.get('top')),
    chart: (['bars', 'stacked'] as const).find((kind) => kind === own.get('chart')) ?? 'line',
    measure: parseMeasures(own.get('measure')).find((measure) => measures.includes(measure)) ?? first,
    crmDate: own.get('crm') === 'closed' ? 'CLOSED' : 'CREATED',
    after: own.get('after') ?? undefined,
  };
}

const isRow = (name: string): name is Label | 'DATE' => name === 'DATE' || isLabel(name);

/** The parameters of a choice in an address: undefined where it is the usual one. */
export const printRows = (rows: ExploreChoice['rows']): string => rows.join(',').toLowerCase();
export const printSort = ({ by, isDescending }: ExploreChoice['sort']): string =>
  `${isDescending ? '-' : ''}${by.toLowerCase()}`;
export const printChosenMeasures = (measures: readonly Measure[]): string | undefined =>
  printMeasures(measures) === printMeasures(usualMeasures) ? undefined : printMeasures(measures);

/** The dimension that the chart has lines for. */
export const splitOf = ({ rows }: ExploreChoice): Label | undefined => rows.find((row) => row !== 'DATE');

/** The dimensions that the table has subtotals for: the first, where there are several. */
export const subtotalsOf = ({ rows, breakdowns }: ExploreChoice): readonly Dimension[] =>
  rows.length + breakdowns.length > 1 ? rows.slice(0, 1) : [];

/** What table and file have in common. */
export function tableVariables(view: View, choice: ExploreChoice): DashboardExportQueryVariables {
  const { rows, breakdowns, sort, top, measures } = choice;
  const where = whereOf(view.filters);
  const [breakdown1 = '', breakdown2 = ''] = breakdowns;
  const direction = sort.isDescending ? 'DESC' : 'ASC';
  const orderBy: OrderByInput =
    sort.by === 'DATE' || isLabel(sort.by)
      ? { dimension: sort.by, direction }
      : { measure: sort.by as Measure, direction };
  const split = splitOf(choice);
  return {
    range: rangeInput(view.range),
    ...(where && { where }),
    ...(view.currency !== undefined && { currency: view.currency }),
    crmDate: choice.crmDate,
    granularity: view.granularity ?? fittingGranularity(view.range),
    weekStart: view.weekStart,
    groupBy: [...rows],
    breakdowns: [...breakdowns],
    ...(top !== undefined &&
      split && {
        limitBy: { n: top, dimension: split, measure: choice.measure, others: true, keepNull: true },
      }),
    orderBy: rows.length === 0 && breakdowns.length === 0 ? [] : [orderBy],
    breakdown1,
    hasBreakdown1: breakdown1 !== '',
    breakdown2,
    hasBreakdown2: breakdown2 !== '',
    ...asking(measures),
  };
}

/** All that explore asks: one document. */
export function exploreVariables(view: View, choice: ExploreChoice): DashboardExploreQueryVariables {
  const compareTo = comparisonInput(view.comparison);
  const split = splitOf(choice);
  const subtotals = subtotalsOf(choice);
  return {
    ...tableVariables(view, choice),
    ...(compareTo && { compareTo }),
    ...(choice.after !== undefined && { after: choice.after }),
    first: pageRows,
    subtotals: subtotals.length > 0 ? [[...subtotals]] : [],
    hasSubtotals: subtotals.length > 0,
    seriesBy: split === undefined ? ['DATE'] : ['DATE', split],
    ...(split && {
      seriesLimit: {
        n: chartLines,
        dimension: split,
        measure: choice.measure,
        others: true,
        keepNull: true,
      },
    }),
    seriesFirst: mostPoints,
  };
}

export const fieldOf = (row: Label | 'DATE') => (row === 'DATE' ? 'date' : dimensions[row]);
