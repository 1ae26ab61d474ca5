import type { DashboardExploreQuery, Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { type DataColumn, ScrollingTable } from '../parts/data-table.tsx';
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
  const labels = rows.length + breakdowns.length;
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
  const figureCell = (row: Row, measure: Measure) => {
    const place = viewOf(row);
    const value = figureOf(row, measure);
    const figure = <Figure measure={measure} value={value} currency={currency} />;
    return (
      <>
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
        <ComparedChange row={row} measure={measure} />
      </>
    );
  };
  const columns: readonly DataColumn<Row>[] = [
    ...rows.map((dimension, index) => ({
      id: dimension,
      heading: dimension === 'DATE' ? say('day') : say(`dimension.${dimension}`),
      isSortable: true,
      isRowHeading: index === 0,
      cell: (row: Row) => labelCell(row, dimension),
    })),
    ...breakdowns.map((name, index) => ({
      id: breakdownOf(name),
      heading: name,
      cell: (row: Row) => valueLink(breakdownOf(name), breakdownValue(row, index)),
    })),
    ...measures.map((measure) => ({
      id: measure,
      heading: say(`measure.${measure}`),
      isSortable: true,
      isNumber: true,
      cell: (row: Row) => figureCell(row, measure),
    })),
  ];
  const subtotalBy = subtotalsOf(choice);
  return (
    <>
      <ScrollingTable
        title={say('table')}
        class="explore-table"
        isWide
        columns={columns}
        rows={table.nodes}
        classOf={(row) => (row.isOther ? 'other' : undefined)}
        sort={{ id: sort.by, isDescending: sort.isDescending }}
        sorted={({ id, isDescending }) =>
          address({}, { sort: printSort({ by: id as typeof sort.by, isDescending }), after: undefined })
        }
      >
        <tfoot>
          {table.subtotals?.[0]?.nodes.map((row, index) => (
            <tr key={index} class="subtotal">
              <th scope="row" colSpan={labels}>
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
            {labels > 0 && (
              <th scope="row" colSpan={labels}>
                {say('total')}
              </th>
            )}
            {measures.map((measure) => (
              <td key={measure} class="number">
                <ViewLink href={addressOf('/records', withRecords(view, measure))}>
                  <Figure measure={measure} value={figureOf(table.totals, measure)} currency={currency} />
                </ViewLink>
                <ComparedChange row={table.totals} measure={measure} />
              </td>
            ))}
          </tr>
        </tfoot>
      </ScrollingTable>
      <Pages table={table} choice={choice} />
    </>
  );
}

/** How a figure has changed, where the view compares. */
function ComparedChange(props: { row: Pick<Row, 'relativeChange'>; measure: Measure }) {
  const { view } = useView();
  const { row, measure } = props;
  if (view.comparison === 'none') return null;
  return (
    <small>
      <Change measure={measure} value={figureOf(row.relativeChange as Figures | null, measure)} />
    </small>
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
