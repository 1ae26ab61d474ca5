import type { ComponentChildren } from 'preact';
import type { Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Figure } from '../parts/figure.tsx';
import { valueText } from '../parts/filter-bar.tsx';
import { Panel } from '../parts/states.tsx';
import { ViewLink } from '../parts/view-link.tsx';
import { type Figures, figureOf } from '../text/measures.ts';
import { type Label, withFilter } from '../view/filters.ts';

/** Rows of a list; the panel keeps room for so many. */
const listRows = 8;

export interface RankedRow {
  /** Null: records without a value. */
  readonly value: string | null;
  /** What people call it, where that is not its value. */
  readonly name?: string | undefined;
  readonly figures: Figures;
}

/** The values of a dimension with the highest figures. A click on one filters the page by it. */
export function RankedList(props: {
  readonly title: string;
  readonly dimension: Label;
  readonly measures: readonly Measure[];
  readonly rows: readonly RankedRow[] | undefined;
  readonly totalCount: number | undefined;
  readonly currency: string | null | undefined;
  readonly isLoading: boolean;
  readonly actions?: ComponentChildren;
}) {
  const { title, dimension, measures, rows, totalCount, currency, isLoading, actions } = props;
  const { say, formats } = usePage();
  const [first = 'COST'] = measures;
  const most = Math.max(...(rows ?? []).map(({ figures }) => figureOf(figures, first) ?? 0), 0);
  const shareOf = ({ figures }: RankedRow): number =>
    most > 0 ? Math.max(figureOf(figures, first) ?? 0, 0) / most : 0;
  return (
    <Panel title={title} class="ranked" actions={actions} isLoading={isLoading}>
      <DataTable
        title={title}
        columns={[
          {
            id: dimension,
            heading: say(`dimension.${dimension}`),
            isRowHeading: true,
            cell: (row) => <RankedValue row={row} dimension={dimension} share={shareOf(row)} />,
          },
          ...measures.map((measure) => ({
            id: measure,
            heading: say(`measure.${measure}`),
            isNumber: true,
            cell: ({ figures }: RankedRow) => (
              <Figure measure={measure} value={figureOf(figures, measure)} currency={currency} />
            ),
          })),
        ]}
        rows={rows ?? []}
        idOf={({ value }) => String(value)}
      >
        {rows === undefined && (
          <tbody>
            {Array.from({ length: listRows }, (_, index) => (
              <tr key={index}>
                <th scope="row" colSpan={measures.length + 1}>
                  <i class="bone" />
                </th>
              </tr>
            ))}
          </tbody>
        )}
      </DataTable>
      {rows?.length === 0 && <p class="quiet">{say('noRows')}</p>}
      <footer class="quiet">
        {totalCount !== undefined &&
          totalCount > listRows &&
          say('ofAll', { shown: formats.count(rows?.length ?? 0), all: formats.count(totalCount) })}
      </footer>
    </Panel>
  );
}

/** A value, with a bar as long as its share of the largest. */
function RankedValue(props: { row: RankedRow; dimension: Label; share: number }) {
  const { dimension, share } = props;
  const { value, name } = props.row;
  const { say } = usePage();
  const { view, address } = useView();
  const text = name ?? valueText(say, value);
  return (
    <>
      <i class="bar" style={{ width: `${(share * 100).toFixed(1)}%` }} />
      <ViewLink
        href={address({ filters: withFilter(view.filters, { dimension, operator: 'is', value }) })}
        title={say('filterBy', {
          value: name === undefined || value === null ? text : `${name} (${value})`,
        })}
      >
        {text}
      </ViewLink>
    </>
  );
}
