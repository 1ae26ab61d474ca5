import type { DashboardExploreQuery, Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { Change, Figure } from '../parts/figure.tsx';
import { valueText } from '../parts/filter-bar.tsx';
import { ViewLink } from '../parts/view-link.tsx';
import { recordsBehind } from '../records/records-view.ts';
import { bucketText } from '../text/buckets.ts';
import { type Figures, figureOf, infoOf } from '../text/measures.ts';
import { addressOf } from '../view/address.ts';
import { bucketEnd } from '../view/buckets.ts';
import { breakdownOf, dimensions, type Filter, withFilter } from '../view/filters.ts';
import { fittingGranularity } from '../view/range.ts';
import { printView, type View } from '../view/view.ts';
import { type ExploreChoice, printSort, subtotalsOf } from './explore-view.ts';

type Table = DashboardExploreQuery['table'];
type Row = Table['nodes'][number];

/** The rows, which sort by a click on a heading, with totals and subtotals. A value filters by itself; a figure leads to its records. */
export function ExploreTable({ table, choice }: { table: Table; choice: ExploreChoice }) {
  const { say, formats } = usePage();
  const { view, address } = useView();
  const { measures, rows, breakdowns, sort } = choice;
  const granularity = view.granularity ?? fittingGranularity(view.range);
  const { currency } = table.meta;
  const columns = rows.length + breakdowns.length;
  const sortLink = (by: ExploreChoice['sort']['by'], text: string, isNumber: boolean) => {
    const isSorted = sort.by === by;
    const next = { by, isDescending: isSorted ? !sort.isDescending : isNumber };
    return (
      <th
        key={by}
        scope="col"
        class={isNumber ? 'number' : undefined}
        aria-sort={isSorted ? (sort.isDescending ? 'descending' : 'ascending') : undefined}
      >
        <ViewLink href={address({}, { sort: printSort(next), after: undefined })}>
          {text} <span aria-hidden="true">{isSorted ? (sort.isDescending ? '↓' : '↑') : ''}</span>
        </ViewLink>
      </th>
    );
  };
  const breakdownValue = (row: Row, column: number): string | null =>
    (column === 0 ? row.breakdown1 : row.breakdown2) ?? null;
  /** The view of one row alone; undefined where no filter can say it. */
  const viewOf = (row: Row): View | undefined => {
    if (row.isOther) return undefined;
    let narrowed = view;
    for (const dimension of rows)
      narrowed =
        dimension === 'DATE'
          ? { ...narrowed, range: daysOf(row) }
          : narrowTo(narrowed, dimension, row[dimensions[dimension]] ?? null);
    for (const [column, name] of breakdowns.entries())
      narrowed = narrowTo(narrowed, breakdownOf(name), breakdownValue(row, column));
    return narrowed;
  };
  /** The days of a row by date that are in the range. */
  const daysOf = (row: Row): { from: string; to: string } => {
    const { from, to } = table.meta;
    const first = row.date ?? from;
    const end = bucketEnd(first, granularity);
    return { from: first > from ? first : from, to: end < to ? end : to };
  };
  const labelCell = (row: Row, dimension: ExploreChoice['rows'][number]) => {
    if (dimension === 'DATE') {
      const text = bucketText(say, formats, row.date ?? '', granularity);
      return <ViewLink href={address({ range: daysOf(row) }, { after: undefined })}>{text}</ViewLink>;
    }
    return row.isOther ? say('others') : valueLink(dimension, row[dimensions[dimension]] ?? null);
  };
  const valueLink = (dimension: Filter['dimension'], value: string | null) => {
    const text = valueText(say, value);
    return (
      <ViewLink
        href={address(narrowTo(view, dimension, value), { after: undefined })}
        title={say('filterBy', { value: text })}
      >
        {text}
      </ViewLink>
    );
  };
  const figureCell = (row: Row, measure: Measure, place: View | undefined) => {
    const value = figureOf(row, measure);
    const figure = <Figure measure={measure} value={value} currency={currency} />;
    const change = figureOf(row.relativeChange as Figures | null, measure);
    return (
      <td key={measure} class="number">
        {value !== null && place ? (
          <ViewLink
            href={addressOf('/records', withRecords(place, measure))}
            aria-label={say('recordsBehind', {
              figure: `${say(`measure.${measure}`)} ${formats.measure(measure, value, currency)}`,
            })}
          >
            {figure}
          </ViewLink>
        ) : (
          figure
        )}
        {view.comparison !== 'none' && (
          <small>
            <Change measure={measure} value={change} />
          </small>
        )}
      </td>
    );
  };
  const subtotalBy = subtotalsOf(choice);
  return (
    <>
      <div class="scroll wide" tabIndex={0} role="region" aria-label={say('table')}>
        <table class="explore-table">
          <caption class="hidden">{say('table')}</caption>
          <thead>
            <tr>
              {rows.map((row) => sortLink(row, row === 'DATE' ? say('day') : say(`dimension.${row}`), false))}
              {breakdowns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              {measures.map((measure) => sortLink(measure, say(`measure.${measure}`), true))}
            </tr>
          </thead>
          <tbody>
            {table.nodes.map((row, index) => {
              const place = viewOf(row);
              return (
                <tr key={index} class={row.isOther ? 'other' : undefined}>
                  {rows.map((dimension, column) =>
                    column === 0 ? (
                      <th key={dimension} scope="row">
                        {labelCell(row, dimension)}
                      </th>
                    ) : (
                      <td key={dimension}>{labelCell(row, dimension)}</td>
                    ),
                  )}
                  {breakdowns.map((name, column) => (
                    <td key={name}>{valueLink(breakdownOf(name), breakdownValue(row, column))}</td>
                  ))}
                  {measures.map((measure) => figureCell(row, measure, place))}
                </tr>
              );
            })}
          </tbody>
          <tfoot>
            {table.subtotals?.[0]?.nodes.map((row, index) => (
              <tr key={index} class="subtotal">
                <th scope="row" colSpan={columns}>
                  {say('subtotal', {
                    value: subtotalBy
                      .map((dimension) =>
                        dimension === 'DATE'
                          ? bucketText(say, formats, row.date ?? '', granularity)
                          : valueText(say, row[dimensions[dimension]] ?? null),
                      )
                      .join(' '),
                  })}
                </th>
                {measures.map((measure) => (
                  <td key={measure} class="number">
                    <Figure measure={measure} value={figureOf(row, measure)} currency={currency} />
                  </td>
                ))}
              </tr>
            ))}
            <tr class="total">
              {columns > 0 && (
                <th scope="row" colSpan={columns}>
                  {say('total')}
                </th>
              )}
              {measures.map((measure) => (
                <td key={measure} class="number">
                  <ViewLink href={addressOf('/records', withRecords(view, measure))}>
                    <Figure measure={measure} value={figureOf(table.totals, measure)} currency={currency} />
                  </ViewLink>
                  {view.comparison !== 'none' && (
                    <small>
                      <Change
                        measure={measure}
                        value={figureOf(table.totals.relativeChange as Figures | null, measure)}
                      />
                    </small>
                  )}
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
      <Pages table={table} choice={choice} />
    </>
  );
}

const narrowTo = (view: View, dimension: Filter['dimension'], value: string | null): View => {
  const filter: Filter = { dimension, operator: 'is', value };
  const others = view.filters.filter((known) => known.dimension !== dimension || known.operator !== 'is');
  return { ...view, filters: withFilter(others, filter) };
};

function withRecords(view: View, measure: Measure): URLSearchParams {
  const search = printView(view);
  const { of, stage } = recordsBehind(infoOf(measure).field);
  search.set('of', of);
  if (stage) search.set('stage', stage);
  return search;
}

/** Goes on to the next page; the browser’s back button leads back. */
function Pages({ table, choice }: { table: Table; choice: ExploreChoice }) {
  const { say, formats, shared } = usePage();
  const { address } = useView();
  const { hasNextPage, endCursor } = table.pageInfo;
  return (
    <footer class="pages">
      <span class="quiet">{say('rowCount', { count: formats.count(table.totalCount) })}</span>
      {shared === undefined && choice.after !== undefined && (
        <a href={address({}, { after: undefined })}>{say('firstPage')}</a>
      )}
      {shared === undefined && hasNextPage && endCursor && (
        <a href={address({}, { after: endCursor })}>{say('nextPage')}</a>
      )}
    </footer>
  );
}
