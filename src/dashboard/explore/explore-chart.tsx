import { useMemo } from 'preact/hooks';
import type { DashboardExploreQuery } from '../../../schema/generated/dashboard/graphql.ts';
import type { ChartSeries } from '../charts/plot-options.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { valueText } from '../parts/filter-bar.tsx';
import { bucketText } from '../text/buckets.ts';
import { figureOf, infoOf } from '../text/measures.ts';
import { dimensions } from '../view/filters.ts';
import { fittingGranularity } from '../view/range.ts';
import { type ExploreChoice, splitOf } from './explore-view.ts';

type Point = DashboardExploreQuery['series']['nodes'][number];

/** One measure over time, with a line, bar or area for each value of the first dimension. */
export function ExploreChart({ data, choice }: { data: DashboardExploreQuery; choice: ExploreChoice }) {
  const { say, formats } = usePage();
  const { view } = useView();
  const { measure } = choice;
  const split = splitOf(choice);
  const { nodes } = data.series;
  const { currency } = data.table.meta;
  const granularity = view.granularity ?? fittingGranularity(view.range);
  const name = say(`measure.${measure}`);
  const days = useMemo(() => [...new Set(nodes.map(({ date }) => date ?? ''))].sort(), [nodes]);
  const series = useMemo((): readonly ChartSeries[] => {
    const splitValue = (point: Point): string | null =>
      split === undefined ? null : (point[dimensions[split]] ?? null);
    const labelOf = (point: Point): string => {
      if (split === undefined) return name;
      return point.isOther ? say('others') : valueText(say, splitValue(point));
    };
    // By value, not by label: a value may be named like the rest, or like what has none.
    const lines = new Map<string, { readonly label: string; readonly values: (number | null)[] }>();
    for (const point of nodes) {
      const key = JSON.stringify([point.isOther, splitValue(point)]);
      const line = lines.get(key) ?? { label: labelOf(point), values: days.map(() => null) };
      line.values[days.indexOf(point.date ?? '')] = figureOf(point, measure);
      lines.set(key, line);
    }
    const sum = (values: readonly (number | null)[]): number =>
      values.reduce((total: number, value) => total + (value ?? 0), 0);
    return [...lines.values()]
      .sort((one, other) => sum(other.values) - sum(one.values))
      .map((line, tone) => ({ ...line, tone }));
  }, [nodes, days, measure]);
  const { unit } = infoOf(measure);
  // Ratios and costs per something do not add up.
  const isAdditive =
    unit === 'count' || unit === 'quantity' || ['COST', 'REVENUE', 'CONVERSION_VALUE'].includes(measure);
  return (
    <>
      <TimeChart
        title={say('chartTitle', { measure: name, granularity: say(`by.${granularity}`) })}
        days={days}
        dayText={(day) => bucketText(say, formats, day, granularity)}
        series={series}
        kind={choice.chart === 'stacked' && !isAdditive ? 'line' : choice.chart}
        figure={(value) => formats.measure(measure, value, currency)}
        shortFigure={(value) => formats.short(measure, value, currency)}
      />
      {split !== undefined && (
        <ul class="legend">
          {series.map(({ label, tone }) => (
            <li key={label}>
              <i class="swatch" data-tone={tone} /> {label}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
