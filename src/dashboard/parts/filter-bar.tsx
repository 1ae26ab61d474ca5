import { useEffect, useId, useRef, useState } from 'preact/hooks';
import {
  DashboardChoicesDocument,
  DashboardSuggestionsDocument,
} from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import type { Say } from '../text/messages.ts';
import {
  breakdownName,
  breakdownOf,
  type Filter,
  isLabel,
  labels,
  type Operator,
  whereOf,
  withFilter,
  withoutFilter,
} from '../view/filters.ts';
import { rangeInput } from '../view/range.ts';
import { Menu } from './menu.tsx';
import { Choice } from './range-picker.tsx';

/** A value of a dimension as readers see it. */
export function valueText(say: Say, value: string | null): string {
  if (value === null) return say('unattributed');
  return value === 'unknown' ? say('unknown') : value;
}

/** A custom dimension has the name that its source gave it. */
const dimensionText = (say: Say, dimension: Filter['dimension']): string =>
  isLabel(dimension) ? say(`dimension.${dimension}`) : (breakdownName(dimension) ?? '');

const filterText = (say: Say, { dimension, operator, value }: Filter): string =>
  `${dimensionText(say, dimension)} ${say(`operator.${operator}`)} ${valueText(say, value)}`;

/** The filters in force, each with a way to drop it, and a form for another one. A shared view only tells which there are. */
export function FilterBar() {
  const { say, shared } = usePage();
  const { view, address } = useView();
  const [isOpen, setOpen] = useState(false);
  if (shared !== undefined)
    return (
      <ul class="filters" aria-label={say('filters')}>
        {view.filters
          .map((filter) => filterText(say, filter))
          .map((text) => (
            <li key={text} class="chip">
              <span>{text}</span>
            </li>
          ))}
      </ul>
    );
  return (
    <div class="filters" role="group" aria-label={say('filters')}>
      <Menu
        label={`+ ${say('addFilter')}`}
        class="add-filter"
        version={JSON.stringify(view.filters)}
        onToggle={setOpen}
      >
        <FilterForm isOpen={isOpen} />
      </Menu>
      {view.filters.map((filter) => {
        const text = filterText(say, filter);
        return (
          <a
            key={text}
            class="chip"
            href={address({ filters: withoutFilter(view.filters, filter) })}
            aria-label={say('removeFilter', { filter: text })}
          >
            <span>{text}</span> <span aria-hidden="true">×</span>
          </a>
        );
      })}
      {view.filters.length > 1 && (
        <a class="plain" href={address({ filters: [] })}>
          {say('clearFilters')}
        </a>
      )}
    </div>
  );
}

/** Waits this long after a key before it asks: a quarter of the time between two keys of a fast writer. */
const pauseMs = 30;

/** Which custom dimensions there are is asked when the form opens. */
function FilterForm({ isOpen }: { isOpen: boolean }) {
  const { say } = usePage();
  const { view, change } = useView();
  const [dimension, setDimension] = useState<Filter['dimension']>('CHANNEL');
  const [operator, setOperator] = useState<Operator>('is');
  const [typed, setTyped] = useState('');
  const asked = useAnswer(DashboardChoicesDocument, isOpen ? { range: rangeInput(view.range) } : undefined);
  const breakdowns = (asked.data?.breakdowns.nodes ?? []).flatMap(({ value }) =>
    value ? breakdownOf(value) : [],
  );
  const offered = [...new Set([...labels, ...breakdowns, dimension])];
  const add = (value: string | null): void => {
    const filter = { dimension, operator, value };
    setTyped('');
    change({ filters: withFilter(view.filters, filter) });
  };
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim() !== '') add(typed.trim());
      }}
    >
      <Choice
        label={say('dimension')}
        value={dimension}
        options={offered.map((one) => [one, dimensionText(say, one)] as const)}
        onChange={(chosen) => {
          setDimension(chosen);
          setTyped('');
        }}
      />
      <Choice
        label={say('condition')}
        value={operator}
        options={(['is', 'not', 'has'] as const).map((one) => [one, say(`operator.${one}`)] as const)}
        onChange={setOperator}
      />
      <ValueField dimension={dimension} typed={typed} onType={setTyped} onChoose={add} />
      <button type="submit" class="button strong">
        {say('apply')}
      </button>
    </form>
  );
}

/** A text field with the values that contain what is typed: a combo box whose list the arrow keys go through. */
function ValueField(props: {
  readonly dimension: Filter['dimension'];
  readonly typed: string;
  readonly onType: (text: string) => void;
  readonly onChoose: (value: string | null) => void;
}) {
  const { dimension, typed, onType, onChoose } = props;
  const { say } = usePage();
  const { view } = useView();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const search = useSettled(typed, pauseMs);
  const others = view.filters.filter((filter) => filter.dimension !== dimension);
  const where = whereOf(others);
  const asked = useAnswer(
    DashboardSuggestionsDocument,
    isOpen
      ? {
          ...(isLabel(dimension) ? { dimension } : { breakdown: breakdownName(dimension) ?? null }),
          range: rangeInput(view.range),
          ...(search !== '' && { search }),
          ...(where && { where }),
        }
      : undefined,
  );
  const values = isOpen ? (asked.data?.dimensionValues.nodes.map(({ value }) => value ?? null) ?? []) : [];
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setActive(
        (last) => (last + (event.key === 'ArrowDown' ? 1 : -1) + values.length + 1) % (values.length + 1),
      );
    } else if (event.key === 'Enter' && active >= 0 && active < values.length) {
      event.preventDefault();
      onChoose(values[active] ?? null);
    }
  };
  return (
    <div class="combo">
      <label for={`${id}-field`}>{say('value')}</label>
      <input
        ref={field}
        id={`${id}-field`}
        role="combobox"
        aria-expanded={isOpen && values.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 && active < values.length ? `${id}-${active}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onFocus={() => setOpen(true)}
        onInput={({ currentTarget }) => {
          setOpen(true);
          setActive(-1);
          onType(currentTarget.value);
        }}
        onKeyDown={onKeyDown}
      />
      <ul
        id={`${id}-list`}
        role="listbox"
        class="suggestions"
        aria-label={say('suggestions')}
        aria-busy={asked.isLoading}
      >
        {values.map((value, index) => (
          <li
            key={String(value)}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              onChoose(value);
            }}
          >
            {valueText(say, value)}
          </li>
        ))}
      </ul>
      {isOpen && !asked.isLoading && values.length === 0 && (
        <p class="quiet" role="status">
          {say('noSuggestions')}
        </p>
      )}
    </div>
  );
}

/** A text once it has not changed for a while. */
function useSettled(text: string, ms: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return settled;
}
