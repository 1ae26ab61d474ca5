import { useState } from 'preact/hooks';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { isDay, presetNames, type Range } from '../view/range.ts';
import type { View } from '../view/view.ts';
import { Menu } from './menu.tsx';

const comparisons = ['period', 'year', 'none'] as const;
const granularities = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'] as const;
const weekdays = ['MONDAY', 'SUNDAY', 'SATURDAY'] as const;

/** Chooses the days: a preset, or days of the calendar. */
export function RangePicker({ shown }: { shown: { from: string; to: string } | undefined }) {
  const { say, formats } = usePage();
  const { view, address } = useView();
  const { range } = view;
  const label =
    'preset' in range
      ? say(`range.${range.preset}`)
      : `${formats.day(range.from, 'short')} – ${formats.day(range.to)}`;
  return (
    <Menu label={label} name={`${say('range')}: ${label}`} class="range" version={JSON.stringify(range)}>
      <ul class="choices">
        {presetNames.map((preset) => (
          <li key={preset}>
            <a
              href={address({ range: { preset } })}
              aria-current={'preset' in range && range.preset === preset ? 'true' : undefined}
            >
              {say(`range.${preset}`)}
            </a>
          </li>
        ))}
      </ul>
      <DaysForm range={range} shown={shown} />
    </Menu>
  );
}

function DaysForm({ range, shown }: { range: Range; shown: { from: string; to: string } | undefined }) {
  const { say } = usePage();
  const { change } = useView();
  const current = 'preset' in range ? shown : range;
  const [typed, setTyped] = useState<{ from?: string; to?: string }>({});
  const from = typed.from ?? current?.from ?? '';
  const to = typed.to ?? current?.to ?? '';
  return (
    <form
      class="days"
      onSubmit={(event) => {
        event.preventDefault();
        if (isDay(from) && isDay(to)) change({ range: from <= to ? { from, to } : { from: to, to: from } });
        setTyped({});
      }}
    >
      <label>
        {say('from')}
        <input
          type="date"
          required
          value={from}
          onInput={({ currentTarget: { value } }) => setTyped({ ...typed, from: value })}
        />
      </label>
      <label>
        {say('to')}
        <input
          type="date"
          required
          value={to}
          onInput={({ currentTarget: { value } }) => setTyped({ ...typed, to: value })}
        />
      </label>
      <button type="submit" class="button strong">
        {say('apply')}
      </button>
    </form>
  );
}

/** A choice among few, by its label. */
export function Choice<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly onChange: (value: Value) => void;
  readonly isLabelHidden?: boolean;
}) {
  const { label, value, options, onChange, isLabelHidden = false } = props;
  return (
    <label class="choice">
      <span class={isLabelHidden ? 'hidden' : undefined}>{label}</span>
      <select
        value={value}
        onChange={({ currentTarget }) => {
          const chosen = options.find(([option]) => option === currentTarget.value);
          if (chosen) onChange(chosen[0]);
        }}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What the figures are compared with. */
export function ComparisonPicker() {
  const { say } = usePage();
  const { view, change } = useView();
  return (
    <Choice
      label={say('compare')}
      isLabelHidden
      value={view.comparison}
      options={comparisons.map((comparison) => [comparison, say(`compare.${comparison}`)] as const)}
      onChange={(comparison) => change({ comparison })}
    />
  );
}

/** How days are grouped. */
export function GranularityPicker() {
  const { say } = usePage();
  const { view, change } = useView();
  const pick = (granularity: View['granularity'] | 'auto'): void =>
    change({ granularity: granularity === 'auto' ? undefined : granularity });
  return (
    <>
      <Choice
        label={say('granularity')}
        isLabelHidden
        value={view.granularity ?? 'auto'}
        options={[
          ['auto', say('by.auto')] as const,
          ...granularities.map((granularity) => [granularity, say(`by.${granularity}`)] as const),
        ]}
        onChange={pick}
      />
      {view.granularity === 'WEEK' && (
        <Choice
          label={say('weekStart')}
          isLabelHidden
          value={view.weekStart}
          options={weekdays.map((weekday) => [weekday, say(`week.${weekday}`)] as const)}
          onChange={(weekStart) => change({ weekStart })}
        />
      )}
    </>
  );
}
