import {
  type ColumnDef,
  metaHelper,
  type RowData,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/preact-table';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { ViewLink } from './view-link.tsx';

/** What a column is called, and what each row has in it. */
export interface DataColumn<Row> {
  readonly id: string;
  readonly heading: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  /** Its cells name their rows. */
  readonly isRowHeading?: boolean;
  readonly isSortable?: boolean;
}

export interface ColumnSort {
  readonly id: string;
  readonly isDescending: boolean;
}

/** The API sorts and pages: here the order is only a state, which a heading changes by its link. */
const features = tableFeatures({ rowSortingFeature, columnMeta: metaHelper<DataColumn<unknown>>() });

/** Rows under headings. What stands under all rows, such as totals, are its children. */
export function DataTable<Row extends RowData>(props: {
  readonly title: string;
  readonly columns: readonly DataColumn<Row>[];
  readonly rows: readonly Row[];
  readonly idOf?: (row: Row) => string;
  readonly classOf?: (row: Row) => string | undefined;
  readonly sort?: ColumnSort;
  /** The address with another order. */
  readonly sorted?: (sort: ColumnSort) => string;
  readonly class?: string;
  readonly isTitleShown?: boolean;
  readonly children?: ComponentChildren;
}) {
  const { title, columns, rows, idOf, classOf, sort, sorted, isTitleShown = false, children } = props;
  const defined = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<typeof features, Row> => ({
          id: column.id,
          meta: column as DataColumn<unknown>,
          sortDescFirst: column.isNumber === true,
          enableSorting: column.isSortable === true,
          accessorFn: (row) => row,
        }),
      ),
    [columns],
  );
  const sorting: SortingState = sort === undefined ? [] : [{ id: sort.id, desc: sort.isDescending }];
  const table = useTable<typeof features, Row>({
    features,
    columns: defined,
    data: rows,
    manualSorting: true,
    enableSortingRemoval: false,
    state: { sorting },
    ...(idOf && { getRowId: (row) => idOf(row) }),
  });
  return (
    <table class={props.class}>
      <caption class={isTitleShown ? undefined : 'hidden'}>{title}</caption>
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id}>
            {group.headers.map(({ id, column }) => {
              const { heading, isNumber } = column.columnDef.meta as DataColumn<unknown>;
              const order = column.getIsSorted();
              const next = column.getNextSortingOrder();
              return (
                <th
                  key={id}
                  scope="col"
                  class={isNumber ? 'number' : undefined}
                  aria-sort={order === false ? undefined : order === 'desc' ? 'descending' : 'ascending'}
                >
                  {sorted && column.getCanSort() ? (
                    <ViewLink href={sorted({ id, isDescending: next === 'desc' })}>
                      {heading}{' '}
                      <span aria-hidden="true">{order === false ? '' : order === 'desc' ? '↓' : '↑'}</span>
                    </ViewLink>
                  ) : (
                    heading
                  )}
                </th>
              );
            })}
          </tr>
        ))}
      </thead>
      <tbody>
        {table.getRowModel().rows.map((row) => (
          <tr key={row.id} class={classOf?.(row.original)}>
            {row.getAllCells().map(({ id, column }) => {
              const { cell, isNumber, isRowHeading } = column.columnDef.meta as DataColumn<Row>;
              const content = cell(row.original);
              return isRowHeading ? (
                <th key={id} scope="row">
                  {content}
                </th>
              ) : (
                <td key={id} class={isNumber ? 'number' : undefined}>
                  {content}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
      {children}
    </table>
  );
}

/** A table that is scrolled on its own where it is wider than the page. */
export function ScrollingTable<Row extends RowData>(
  props: Parameters<typeof DataTable<Row>>[0] & { readonly isWide?: boolean },
) {
  const { isWide = false, ...rest } = props;
  return (
    <div class={isWide ? 'scroll wide' : 'scroll'} tabIndex={0} role="region" aria-label={props.title}>
      <DataTable {...rest} />
    </div>
  );
}
