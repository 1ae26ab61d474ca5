import uPlot from 'uplot';

export type ChartKind = 'line' | 'bars' | 'stacked';

/** One line, or one colour of bars or areas. */
export interface ChartSeries {
  readonly label: string;
  /** One for each day of the chart; null is a gap. */
  readonly values: readonly (number | null)[];
  /** Which of the colours; `past` is for what is compared with. */
  readonly tone: number | 'past';
}

export interface PlotTexts {
  day(seconds: number): string;
  figure(value: number): string;
}

/** Colours of the style sheet, `--tone-0` and so on. */
const toneCount = 8;

const cssColor = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const colorOf = (tone: ChartSeries['tone']): string =>
  cssColor(tone === 'past' ? '--past' : `--tone-${tone % toneCount}`);

/** The series as they are drawn, the last one first: stacked ones reach up to the sum of those below them. */
export function drawnValues(series: readonly ChartSeries[], kind: ChartKind): (number | null)[][] {
  if (kind !== 'stacked') return series.map(({ values }) => [...values]);
  const sums: number[] = [];
  return series.map(({ values }) =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index];
    }),
  );
}

/** Bars of several series stand side by side within their day. */
const groupedBars =
  (position: number, count: number): uPlot.Series.PathBuilder =>
  (plot, seriesIndex, from, to) => {
    const [days = [], figures = []] = [plot.data[0], plot.data[seriesIndex]];
    const slot = Math.abs(plot.valToPos(days[1] ?? 0, 'x', true) - plot.valToPos(days[0] ?? 0, 'x', true));
    const whole = days.length > 1 ? slot * 0.8 : plot.bbox.width * 0.3;
    const width = Math.max(whole / count, 1);
    const ground = plot.valToPos(0, 'y', true);
    const fill = new Path2D();
    for (let index = from; index <= to; index += 1) {
      const figure = figures[index];
      if (figure === null || figure === undefined) continue;
      const left = plot.valToPos(days[index] ?? 0, 'x', true) - whole / 2 + position * width;
      const top = plot.valToPos(figure, 'y', true);
      fill.rect(left, top, Math.max(width - 1, 1), ground - top);
    }
    return { fill, stroke: null, clip: null, flags: 1 };
  };

function seriesOptions(
  { label, tone }: ChartSeries,
  kind: ChartKind,
  position: number,
  count: number,
  isAlone: boolean,
): uPlot.Series {
  const color = colorOf(tone);
  if (kind === 'bars')
    return { label, fill: color, width: 0, points: { show: false }, paths: groupedBars(position, count) };
  return {
    label,
    stroke: color,
    width: tone === 'past' ? 1.5 : 2,
    ...(tone === 'past' && { dash: [5, 5] }),
    ...(kind === 'stacked' && { fill: color }),
    ...(isAlone && { fill: `${color}1f` }),
    points: { show: false },
  };
}

export function plotOptions(options: {
  readonly series: readonly ChartSeries[];
  readonly kind: ChartKind;
  readonly texts: PlotTexts;
  readonly width: number;
  readonly height: number;
  readonly onPoint: (index: number | undefined) => void;
}): uPlot.Options {
  const { series, kind, texts, width, height, onPoint } = options;
  const [quiet, line, font] = [cssColor('--quiet'), cssColor('--line'), '12px system-ui, sans-serif'];
  const ticks = { show: false };
  const current = series.filter(({ tone }) => tone !== 'past');
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 8, fill: cssColor('--card') }, y: false },
    padding: [12, 26, 0, 0],
    scales: {
      x: { time: true },
      // From 0: half a figure must not look like none.
      y: {
        range: (_plot, least, most) => [Math.min(least ?? 0, 0), (most ?? 0) > 0 ? (most ?? 0) * 1.06 : 1],
      },
    },
    axes: [
      {
        stroke: quiet,
        font,
        grid: { show: false },
        ticks,
        space: 70,
        values: (_plot, splits) => splits.map((seconds) => texts.day(seconds)),
        incrs: [1, 2, 3, 5, 7, 14, 30, 61, 91, 182, 365].map((days) => days * 86_400),
      },
      {
        stroke: quiet,
        font,
        grid: { stroke: line, width: 1 },
        ticks,
        size: 62,
        values: (_plot, splits) => splits.map((value) => texts.figure(value)),
      },
    ],
    series: [
      {},
      ...series.map((one, index) =>
        seriesOptions(one, kind, index, series.length, current.length === 1 && one.tone !== 'past'),
      ),
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? undefined)] },
  };
}
