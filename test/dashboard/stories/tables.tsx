import { RankedList, type RankedRow } from '../../../src/dashboard/overview/ranked-list.tsx';
import { type DataColumn, ScrollingTable } from '../../../src/dashboard/parts/data-table.tsx';
import { FindingPanel } from '../../../src/dashboard/quality/finding-panel.tsx';
import type { Story } from './story.ts';

interface Row {
  readonly name: string;
  readonly cost: number;
}
const rows: readonly Row[] = [
  { name: 'brand', cost: 12 },
  { name: '<script>window.hacked=1</script>', cost: 3 },
];
const columns: readonly DataColumn<Row>[] = [
  { id: 'NAME', heading: 'Name', isRowHeading: true, isSortable: true, cell: ({ name }) => name },
  { id: 'COST', heading: 'Cost', isNumber: true, isSortable: true, cell: ({ cost }) => cost },
  { id: 'NOTE', heading: 'Note', cell: () => 'none' },
];
const sorted = ({ id, isDescending }: { id: string; isDescending: boolean }) =>
  `?sort=${isDescending ? '-' : ''}${id.toLowerCase()}`;

const ranked = (state: string, listed: readonly RankedRow[] | undefined, isLoading = false): Story => ({
  component: 'RankedList',
  state,
  view: () => (
    <RankedList
      title="Channels"
      dimension="CHANNEL"
      measures={['COST', 'ROAS']}
      rows={listed}
      totalCount={listed && 20}
      currency="USD"
      isLoading={isLoading}
    />
  ),
});

const finding = (
  state: string,
  cells: readonly (readonly string[])[] | undefined,
  isLoading = false,
): Story => ({
  component: 'FindingPanel',
  state,
  view: () => (
    <FindingPanel
      title="Spellings"
      about="Values that differ only in case."
      headings={['Value', 'Rows']}
      rows={cells}
      isLoading={isLoading}
    />
  ),
});

export const tableStories: readonly Story[] = [
  {
    component: 'ScrollingTable',
    state: 'sorted by a number from the highest: its heading turns the order, others begin their own',
    view: () => (
      <ScrollingTable
        title="Campaigns"
        columns={columns}
        rows={rows}
        sort={{ id: 'COST', isDescending: true }}
        sorted={sorted}
      />
    ),
  },
  {
    component: 'ScrollingTable',
    state: 'sorted by name, with a total',
    view: () => (
      <ScrollingTable
        title="Campaigns"
        columns={columns}
        rows={rows}
        sort={{ id: 'NAME', isDescending: false }}
        sorted={sorted}
        isTitleShown
      >
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td class="number">15</td>
            <td />
          </tr>
        </tfoot>
      </ScrollingTable>
    ),
  },
  {
    component: 'ScrollingTable',
    state: 'shared',
    view: () => (
      <ScrollingTable
        title="Campaigns"
        columns={columns}
        rows={rows}
        sorted={sorted}
        sort={{ id: 'NAME', isDescending: true }}
      />
    ),
  },
  {
    component: 'ScrollingTable',
    state: 'without rows',
    view: () => <ScrollingTable title="Campaigns" columns={columns} rows={[]} />,
  },
  ranked('with a value, a name, and what is unattributed', [
    { value: 'google', figures: { cost: 100, roas: 2.5 } },
    { value: 'c-1', name: 'Spring', figures: { cost: 50, roas: null } },
    { value: null, figures: { cost: 0, roas: null } },
  ]),
  ranked('where nothing was spent', [{ value: 'google', figures: { cost: 0, roas: null } }]),
  ranked('empty', []),
  ranked('loading', undefined, true),
  finding('found', [['brand, Brand', '12']]),
  finding('nothing found', []),
  finding('loading', undefined, true),
];
