import type { ComponentChildren } from 'preact';
import { usePage } from '../page/context.ts';
import { ScrollingTable } from '../parts/data-table.tsx';
import { Panel } from '../parts/states.tsx';

/** A kind of finding, why it matters, and each case; says so where there is none. */
export function FindingPanel(props: {
  readonly title: string;
  readonly about: string;
  readonly headings: readonly string[];
  /** So many of the last columns are figures. */
  readonly figures?: number;
  readonly rows: readonly (readonly ComponentChildren[])[] | undefined;
  readonly isLoading: boolean;
}) {
  const { title, about, headings, figures = 1, rows, isLoading } = props;
  const { say } = usePage();
  return (
    <Panel title={title} class="finding" isLoading={isLoading}>
      <p class="quiet">{about}</p>
      {rows?.length === 0 && <p class="fine">{say('nothingFound')}</p>}
      {rows === undefined && <i class="bone" />}
      {rows !== undefined && rows.length > 0 && (
        <ScrollingTable
          title={title}
          columns={headings.map((heading, index) => ({
            id: heading,
            heading,
            isNumber: index >= headings.length - figures,
            cell: ({ cells }: { cells: readonly ComponentChildren[] }) => cells[index],
          }))}
          rows={rows.map((cells) => ({ cells }))}
        />
      )}
    </Panel>
  );
}
