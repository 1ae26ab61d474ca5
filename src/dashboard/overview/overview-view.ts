import type {
  DashboardCampaignNamesQueryVariables,
  DashboardOverviewQueryVariables,
  Measure,
} from '../../../schema/generated/dashboard/graphql.ts';
import { asking } from '../text/measures.ts';
import { isLabel, type Label, whereOf } from '../view/filters.ts';
import { comparisonInput, fittingGranularity, rangeInput } from '../view/range.ts';
import { parseMeasures, type View } from '../view/view.ts';

export const usualTiles: readonly Measure[] = [
  'COST',
  'LEADS',
  'CPA',
  'OPPORTUNITIES',
  'CLOSED_WON',
  'REVENUE',
  'ROAS',
];

/** The UTM dimensions that the overview lists. */
export const utmLabels = [
  'UTM_SOURCE',
  'UTM_MEDIUM',
  'UTM_CAMPAIGN',
  'UTM_CONTENT',
  'UTM_TERM',
] as const satisfies readonly Label[];

/** What the overview shows beside the view. */
export interface OverviewChoice {
  /** In order. */
  readonly tiles: readonly Measure[];
  /** In the chart and the lists. */
  readonly measure: Measure;
  readonly utm: (typeof utmLabels)[number];
}

/** @param kept the tiles that the reader chose before, as an address has them */
export function parseOverviewChoice(own: URLSearchParams, kept: string | null): OverviewChoice {
  const asked = parseMeasures(own.get('tiles'));
  const before = parseMeasures(kept);
  const tiles = asked.length > 0 ? asked : before.length > 0 ? before : usualTiles;
  const utm = (own.get('utm') ?? '').toUpperCase();
  return {
    tiles,
    measure: parseMeasures(own.get('measure'))[0] ?? tiles[0] ?? 'COST',
    utm: utmLabels.find((label) => isLabel(utm) && label === utm) ?? 'UTM_SOURCE',
  };
}

/** Measures beside the chosen one in lists. */
const beside: readonly Measure[] = ['COST', 'LEADS', 'REVENUE', 'ROAS'];

/** The columns of the lists: the chosen measure first. */
export const listMeasures = (measure: Measure): readonly Measure[] =>
  [...new Set([measure, ...beside])].slice(0, 4);

/** All that the overview asks for its tiles: one document. */
export function overviewVariables(view: View, choice: OverviewChoice): DashboardOverviewQueryVariables {
  const { tiles, measure, utm } = choice;
  const where = whereOf(view.filters);
  const compareTo = comparisonInput(view.comparison);
  return {
    range: rangeInput(view.range),
    ...(compareTo && { compareTo }),
    ...(where && { where }),
    ...(view.currency !== undefined && { currency: view.currency }),
    granularity: view.granularity ?? fittingGranularity(view.range),
    weekStart: view.weekStart,
    rank: [{ measure, direction: 'DESC' }],
    utm: [utm],
    ...asking([...tiles, ...listMeasures(measure)]),
  };
}

/** What the overview asks to name the campaigns that it lists. */
export function campaignNamesVariables(view: View): DashboardCampaignNamesQueryVariables {
  const where = whereOf(view.filters);
  return { range: rangeInput(view.range), ...(where && { where }) };
}
