import type { ComponentChildren } from 'preact';
import type { Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
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
  const { view, address } = useView();
  const [first = 'COST'] = measures;
  const most = Math.max(...(rows ?? []).map(({ figures }) => figureOf(figures, first) ?? 0), 0);
  return (
    <Panel title={title} class="ranked" actions={actions} isLoading={isLoading}>
      <table>
        <caption class="hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{say(`dimension.${dimension}`)}</th>
            {measures.map((measure) => (
              <th key={measure} scope="col" class="number">
                {say(`measure.${measure}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows?.map(({ value, name, figures }) => {
            const text = name ?? valueText(say, value);
            const share = most > 0 ? Math.max(figureOf(figures, first) ?? 0, 0) / most : 0;
            return (
              <tr key={String(value)}>
                <th scope="row">
                  <i class="bar" style={{ width: `${(share * 100).toFixed(1)}%` }} />
                  <ViewLink
                    href={address({
                      filters: withFilter(view.filters, { dimension, operator: 'is', value }),
                    })}
                    title={say('filterBy', {
                      value: name === undefined || value === null ? text : `${name} (${value})`,
                    })}
                  >
                    {text}
                  </ViewLink>
                </th>
                {measures.map((measure) => (
                  <td key={measure} class="number">
                    <Figure measure={measure} value={figureOf(figures, measure)} currency={currency} />
                  </td>
                ))}
              </tr>
            );
          })}
          {rows === undefined &&
            Array.from({ length: listRows }, (_, index) => (
              <tr key={index}>
                <th scope="row" colSpan={measures.length + 1}>
                  <i class="bone" />
                </th>
              </tr>
            ))}
        </tbody>
      </table>
      {rows?.length === 0 && <p class="quiet">{say('noRows')}</p>}
      <footer class="quiet">
        {totalCount !== undefined &&
          totalCount > listRows &&
          say('ofAll', { shown: formats.count(rows?.length ?? 0), all: formats.count(totalCount) })}
      </footer>
    </Panel>
  );
}
