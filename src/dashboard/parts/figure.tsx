import type { Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { infoOf } from '../text/measures.ts';

/** A figure as the locale writes it, with its exact value for machines. One that is missing is a dash, never 0. */
export function Figure(props: {
  readonly measure: Measure;
  readonly value: number | null | undefined;
  readonly currency: string | null | undefined;
}) {
  const { measure, value, currency } = props;
  const { formats } = usePage();
  return (
    <data value={value === null || value === undefined ? '' : String(value)}>
      {formats.measure(measure, value, currency)}
    </data>
  );
}

/** How much a figure has changed. Colour tells good from bad only where a measure has a better side; an arrow tells the direction. */
export function Change({ measure, value }: { measure: Measure; value: number | null }) {
  const { say, formats } = usePage();
  if (value === null)
    return (
      <span class="change" title={say('nothingToCompare')}>
        –
      </span>
    );
  const { more } = infoOf(measure);
  const isUp = value > 0;
  const tone = value === 0 || more === 'neutral' ? 'flat' : isUp === (more === 'good') ? 'good' : 'bad';
  return (
    <span class={`change ${tone}`}>
      <span aria-hidden="true">{value === 0 ? '→' : isUp ? '↑' : '↓'}</span> {formats.change(value)}
    </span>
  );
}
