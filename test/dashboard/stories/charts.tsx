import { TimeChart } from '../../../src/dashboard/charts/time-chart.tsx';
import { days, type Story } from './story.ts';

const ramp = days.map((_, index) => index * 10);
const gaps = ramp.map((value, index) => (index === 3 ? null : value / 2));

const chart = (
  state: string,
  kind: 'line' | 'bars' | 'stacked',
  series: readonly { label: string; values: readonly (number | null)[] }[],
): Story => ({
  component: 'TimeChart',
  state,
  view: () => (
    <TimeChart
      title="Cost by day"
      days={series.length === 0 ? [] : days}
      dayText={(day) => day}
      series={series.map((one, tone) => ({ ...one, tone }))}
      kind={kind}
      figure={(value) => (value === null ? '–' : `${value} EUR`)}
      shortFigure={String}
    />
  ),
});

export const chartStories: readonly Story[] = [
  chart('one line', 'line', [{ label: 'Cost', values: ramp }]),
  chart('a line with a gap', 'line', [{ label: 'Cost', values: gaps }]),
  chart('bars of two values that are named alike', 'bars', [
    { label: '(other)', values: ramp },
    { label: '(other)', values: gaps },
  ]),
  chart('stacked, with names of feeds', 'stacked', [
    { label: '<b>bold</b>', values: ramp },
    { label: 'x'.repeat(200), values: gaps },
  ]),
  chart('without days', 'line', []),
];
