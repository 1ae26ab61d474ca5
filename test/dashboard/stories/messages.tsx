import type { DashboardOverviewQuery } from '../../../schema/generated/dashboard/graphql.ts';
import { CopyField } from '../../../src/dashboard/parts/copy-field.tsx';
import { Menu } from '../../../src/dashboard/parts/menu.tsx';
import { NoData, SummaryLine, UnattributedLine } from '../../../src/dashboard/parts/notices.tsx';
import { Panel, PartialNote, ProblemNote, ProblemText } from '../../../src/dashboard/parts/states.tsx';
import { nothing, type Story } from './story.ts';

type Summary = DashboardOverviewQuery['summary'];

const meta = {
  from: '2026-03-01',
  to: '2026-03-07',
  comparedFrom: '2026-02-22',
  comparedTo: '2026-02-28',
  currency: 'USD',
  freshness: '2026-03-08T00:00:00Z',
  warnings: [],
} as unknown as Summary['meta'];
const summary = {
  meta,
  unattributed: { leads: 3, revenue: 120 },
  unconverted: [],
} as unknown as Summary;
const worried = {
  ...summary,
  meta: {
    ...meta,
    warnings: [
      { code: 'MISSING_RATE', message: 'SEK has no rate.' },
      { code: 'STALE_SOURCE', message: 'crm has not succeeded since yesterday.' },
    ],
  },
  unconverted: [{ currency: 'SEK', cost: 100, revenue: 0 }],
} as unknown as Summary;

export const messageStories: readonly Story[] = [
  ...(
    [
      'UNREACHABLE',
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'RATE_LIMITED',
      'STORE_UNAVAILABLE',
      'TIMEOUT',
      'ODD',
    ] as const
  ).map(
    (code): Story => ({
      component: 'ProblemNote',
      state: code,
      view: () => <ProblemNote problem={{ code, message: 'As the server says it.' }} again={nothing} />,
    }),
  ),
  {
    component: 'ProblemText',
    state: 'as text',
    view: () => <ProblemText problem={{ code: 'BAD_USER_INPUT', message: 'name: give one.' }} />,
  },
  {
    component: 'PartialNote',
    state: 'something is missing',
    view: () => <PartialNote asked={{ problems: [{ code: 'TIMEOUT', message: '' }], again: nothing }} />,
  },
  {
    component: 'PartialNote',
    state: 'all is there',
    view: () => <PartialNote asked={{ problems: [], again: nothing }} />,
  },
  { component: 'SummaryLine', state: 'days', view: () => <SummaryLine summary={summary} /> },
  { component: 'SummaryLine', state: 'warnings', view: () => <SummaryLine summary={worried} /> },
  { component: 'SummaryLine', state: 'loading', view: () => <SummaryLine summary={undefined} /> },
  { component: 'UnattributedLine', state: 'some', view: () => <UnattributedLine summary={summary} /> },
  {
    component: 'UnattributedLine',
    state: 'none',
    view: () => (
      <UnattributedLine summary={{ ...summary, unattributed: { ...summary.unattributed, leads: 0 } }} />
    ),
  },
  { component: 'NoData', state: 'no source yet', view: () => <NoData meta={{ ...meta, freshness: null }} /> },
  { component: 'NoData', state: 'none in these days', view: () => <NoData meta={meta} /> },
  { component: 'NoData', state: 'shared', view: () => <NoData meta={meta} /> },
  {
    component: 'Panel',
    state: 'loading, with an action',
    view: () => (
      <Panel title="Funnel" isLoading actions={<a href="/explore">more</a>}>
        <p>What is in it</p>
      </Panel>
    ),
  },
  {
    component: 'Menu',
    state: 'closed',
    view: () => (
      <Menu label="…" name="Rows">
        <a href="/explore">Channel</a>
      </Menu>
    ),
  },
  {
    component: 'CopyField',
    state: 'a text',
    view: () => <CopyField label="Link" text="https://example.com/s/token" />,
  },
];
