import {
  DashboardAdsRecordsDocument,
  type DashboardAdsRecordsQuery,
  DashboardCrmRecordsDocument,
  type DashboardCrmRecordsQuery,
} from '../../../schema/generated/dashboard/graphql.ts';
import { type Asked, useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { type DataColumn, ScrollingTable } from '../parts/data-table.tsx';
import { FilterBar, valueText } from '../parts/filter-bar.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Panel, ProblemNote } from '../parts/states.tsx';
import { addressOf } from '../view/address.ts';
import { type Label, whereOf } from '../view/filters.ts';
import { rangeInput } from '../view/range.ts';
import { parseRecords, type RecordsChoice, stagesOf } from './records-view.ts';

const pageRows = 50;

/** The stored records behind a figure, and where they come from. */
export function Records() {
  const { say } = usePage();
  const { own, address } = useView();
  const choice = parseRecords(own);
  const tab = (of: RecordsChoice['of'], stage: RecordsChoice['stage'], text: string) => (
    <a
      href={address({}, { of, stage, after: undefined })}
      aria-current={choice.of === of && choice.stage === stage ? 'page' : undefined}
    >
      {text}
    </a>
  );
  return (
    <>
      <div class="bar-row">
        <FilterBar />
        <div class="pickers">
          <RangePicker shown={undefined} />
        </div>
      </div>
      <h1>{say('records')}</h1>
      <nav class="tabs" aria-label={say('records')}>
        {tab('ads', undefined, say('adsRows'))}
        {tab('crm', undefined, say('measure.LEADS'))}
        {tab('crm', 'opportunity', say('measure.OPPORTUNITIES'))}
        {tab('crm', 'won', say('measure.CLOSED_WON'))}
      </nav>
      {choice.of === 'ads' ? <AdsRecords /> : <CrmRecords choice={choice} />}
    </>
  );
}

/** What both lists ask with. */
function useListVariables() {
  const { view, own } = useView();
  const where = whereOf(view.filters);
  const after = own.get('after');
  return {
    range: rangeInput(view.range),
    ...(where && { where }),
    ...(view.currency !== undefined && { currency: view.currency }),
    ...(after !== null && { after }),
    first: pageRows,
  };
}

type AdsRow = DashboardAdsRecordsQuery['adPerformance']['nodes'][number];
type CrmRow = DashboardCrmRecordsQuery['opportunities']['nodes'][number];

/** Makes columns of dimensions that rows may lack. */
function useTextColumn<Row>() {
  const { say } = usePage();
  return (dimension: Label, read: (row: Row) => string | null | undefined): DataColumn<Row> => ({
    id: dimension,
    heading: say(`dimension.${dimension}`),
    cell: (row) => valueText(say, read(row) ?? null),
  });
}

function AdsRecords() {
  const { say, formats } = usePage();
  const asked = useAnswer(DashboardAdsRecordsDocument, useListVariables());
  const page = asked.data?.adPerformance;
  const text = useTextColumn<AdsRow>();
  return (
    <RecordTable
      asked={asked}
      page={page}
      title={say('adsRows')}
      columns={[
        { id: 'day', heading: say('day'), cell: ({ date }) => formats.day(date) },
        text('CHANNEL', ({ channel }) => channel),
        {
          id: 'campaignId',
          heading: say('dimension.CAMPAIGN_ID'),
          cell: ({ campaignId }) => campaignId,
        },
        text('UTM_CAMPAIGN', ({ utmCampaign }) => utmCampaign),
        text('UTM_SOURCE', ({ utmSource }) => utmSource),
        text('UTM_MEDIUM', ({ utmMedium }) => utmMedium),
        { id: 'source', heading: say('source'), cell: ({ source }) => <SourceLink source={source} /> },
        ...(['impressions', 'clicks'] as const).map((name) => ({
          id: name,
          heading: say(`measure.${name === 'clicks' ? 'CLICKS' : 'IMPRESSIONS'}`),
          isNumber: true,
          cell: (row: AdsRow) => formats.count(row[name]),
        })),
        {
          id: 'cost',
          heading: say('measure.COST'),
          isNumber: true,
          cell: ({ cost, currency, storedCost, storedCurrency }) => (
            <Money value={cost} currency={currency} stored={storedCost} storedCurrency={storedCurrency} />
          ),
        },
      ]}
    />
  );
}

function CrmRecords({ choice }: { choice: RecordsChoice }) {
  const { say, formats } = usePage();
  const stage = stagesOf(choice);
  const asked = useAnswer(DashboardCrmRecordsDocument, { ...useListVariables(), ...(stage && { stage }) });
  const page = asked.data?.opportunities;
  const text = useTextColumn<CrmRow>();
  return (
    <RecordTable
      asked={asked}
      page={page}
      title={say('crmRecords')}
      columns={[
        { id: 'day', heading: say('day'), cell: ({ day }) => formats.day(day) },
        { id: 'id', heading: say('recordId'), cell: ({ id }) => id },
        {
          id: 'stage',
          heading: say('stage'),
          cell: ({ stageName, stage }) => stageName || say(`stage.${stage}`),
        },
        text('CHANNEL', ({ channel }) => channel),
        text('CAMPAIGN_ID', ({ campaignId }) => campaignId),
        text('UTM_CAMPAIGN', ({ utmCampaign }) => utmCampaign),
        text('UTM_SOURCE', ({ utmSource }) => utmSource),
        { id: 'match', heading: say('dimension.MATCH'), cell: ({ match }) => say(`match.${match}`) },
        { id: 'source', heading: say('source'), cell: ({ source }) => <SourceLink source={source} /> },
        {
          id: 'amount',
          heading: say('amount'),
          isNumber: true,
          cell: ({ amount, currency, storedAmount, storedCurrency }) => (
            <Money value={amount} currency={currency} stored={storedAmount} storedCurrency={storedCurrency} />
          ),
        },
      ]}
    />
  );
}

/** A source of records, which leads to the runs that brought them. */
function SourceLink({ source }: { source: string }) {
  const { session } = usePage();
  if (session.isLimited) return <>{source}</>;
  return <a href={addressOf('/ingestion', new URLSearchParams({ source }))}>{source}</a>;
}

/** Money of one record: as it counts and, where that differs, as it is stored. */
function Money(props: {
  readonly value: number | null | undefined;
  readonly currency: string;
  readonly stored: number;
  readonly storedCurrency: string;
}) {
  const { value, currency, stored, storedCurrency } = props;
  const { formats } = usePage();
  return (
    <>
      <data value={value === null || value === undefined ? '' : String(value)}>
        {formats.money(value, currency)}
      </data>
      {currency !== storedCurrency && <small class="quiet"> {formats.money(stored, storedCurrency)}</small>}
    </>
  );
}

interface RecordPage<Row> {
  readonly nodes: readonly Row[];
  readonly totalCount: number;
  readonly pageInfo: { readonly endCursor?: string | null; readonly hasNextPage: boolean };
}

/** A page of records. */
function RecordTable<Row extends object>(props: {
  readonly asked: Pick<Asked<unknown>, 'isLoading' | 'problem' | 'again'>;
  readonly page: RecordPage<Row> | undefined;
  readonly title: string;
  readonly columns: readonly DataColumn<Row>[];
}) {
  const { asked, page, title, columns } = props;
  const { say, formats } = usePage();
  const { own, address } = useView();
  return (
    <Panel title={title} class="records" isLoading={asked.isLoading}>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <ScrollingTable title={title} isWide columns={columns} rows={page?.nodes ?? []} />
      {page?.nodes.length === 0 && <p class="quiet">{say('noRows')}</p>}
      <footer class="pages">
        {page && <span class="quiet">{say('rowCount', { count: formats.count(page.totalCount) })}</span>}
        {own.has('after') && <a href={address({}, { after: undefined })}>{say('firstPage')}</a>}
        {page?.pageInfo.hasNextPage && page.pageInfo.endCursor && (
          <a href={address({}, { after: page.pageInfo.endCursor })}>{say('nextPage')}</a>
        )}
      </footer>
    </Panel>
  );
}
