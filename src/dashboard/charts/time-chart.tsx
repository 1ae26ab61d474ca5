import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { usePage } from '../page/context.ts';
import { ScrollingTable } from '../parts/data-table.tsx';
import { type ChartKind, type ChartSeries, drawnValues, plotOptions } from './plot-options.ts';

interface TimeChartProps {
  /** What the chart shows, for those who do not see it. */
  readonly title: string;
  /** First days of the buckets, in order. */
  readonly days: readonly string[];
  /** Each day as a row or a tooltip calls it. */
  readonly dayText: (day: string) => string;
  readonly series: readonly ChartSeries[];
  readonly kind: ChartKind;
  readonly figure: (value: number | null) => string;
  readonly shortFigure: (value: number) => string;
}

const secondsOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1_000;
const dayOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 10);

/**
 * Figures over time. The arrow keys go from day to day, a live region reads each, and a table below has all figures.
 */
export function TimeChart(props: TimeChartProps) {
  const { title, days, series, kind, dayText, figure } = props;
  const { say, formats } = usePage();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [point, setPoint] = useState<number>();
  const scheme = useColorScheme();
  const drawn = useMemo(() => drawnValues(series, kind), [series, kind]);
  useEffect(() => {
    const place = holder.current;
    if (place === null || days.length === 0) return undefined;
    const size = () => ({ width: place.clientWidth, height: place.clientHeight });
    // Stacked areas are drawn from the highest down, so that each covers what lies behind it.
    const order = kind === 'stacked' ? [...series.keys()].reverse() : [...series.keys()];
    const made = new uPlot(
      plotOptions({
        series: order.flatMap((index) => series[index] ?? []),
        kind,
        texts: { day: (seconds) => formats.day(dayOf(seconds), 'short'), figure: props.shortFigure },
        onPoint: setPoint,
        ...size(),
      }),
      [days.map(secondsOf), ...order.map((index) => drawn[index] ?? [])],
      place,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize(size()));
    resized.observe(place);
    return () => {
      resized.disconnect();
      made.destroy();
      setPoint(undefined);
    };
  }, [days, drawn, kind, scheme]);

  const moveTo = (index: number): void => {
    const day = days[index];
    if (day === undefined || plot.current === null) return;
    const left = plot.current.valToPos(secondsOf(day), 'x');
    plot.current.setCursor({ left, top: 0 });
    setPoint(index);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    moveTo(Math.min(Math.max((point ?? (step > 0 ? -1 : days.length)) + step, 0), days.length - 1));
  };
  const day = point === undefined ? undefined : days[point];
  return (
    <figure class="time-chart">
      <div
        class="plot"
        ref={holder}
        role="img"
        tabIndex={0}
        aria-label={say('chartLabel', { title })}
        onKeyDown={onKeyDown}
        onBlur={() => setPoint(undefined)}
      />
      <div class="tip" aria-live="polite">
        {day !== undefined && point !== undefined && (
          <>
            <strong>{dayText(day)}</strong>
            {series.map(({ label, values, tone }, line) => (
              <span key={line} class="tip-figure">
                <i class="swatch" data-tone={tone} /> {label} <b>{figure(values[point] ?? null)}</b>
              </span>
            ))}
          </>
        )}
      </div>
      <details class="chart-table">
        <summary>{say('asTable')}</summary>
        <ScrollingTable
          title={title}
          columns={[
            {
              id: 'day',
              heading: say('day'),
              isRowHeading: true,
              cell: ({ day: one }) => dayText(one),
            },
            ...series.map(({ label, values }, line) => ({
              id: String(line),
              heading: label,
              isNumber: true,
              cell: ({ index }: { index: number }) => figure(values[index] ?? null),
            })),
          ]}
          rows={days.map((one, index) => ({ day: one, index }))}
        />
      </details>
    </figure>
  );
}

/** Changes when the reader goes from light to dark: a canvas keeps its colours. */
function useColorScheme(): boolean {
  const [isDark, setDark] = useState(() => darkQuery().matches);
  useEffect(() => {
    const query = darkQuery();
    const update = (): void => setDark(query.matches);
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return isDark;
}

const darkQuery = (): MediaQueryList => window.matchMedia('(prefers-color-scheme: dark)');
