import type { ComponentChildren } from 'preact';
import {
  DashboardAdsRecordsDocument,
  DashboardCrmRecordsDocument,
} from '../../../schema/generated/dashboard/graphql.ts';
import { type Asked, useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { FilterBar, valueText } from '../parts/filter-bar.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Panel, ProblemNote } from '../parts/states.tsx';
import { addressOf } from '../view/address.ts';
import { whereOf } from '../view/filters.ts';
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

function AdsRecords() {
  const { say, formats } = usePage();
  const asked = useAnswer(DashboardAdsRecordsDocument, useListVariables());
  const page = asked.data?.adPerformance;
  return (
    <RecordTable
      asked={asked}
      page={page}
      title={say('adsRows')}
      headings={[
        say('day'),
        say('dimension.CHANNEL'),
        say('dimension.CAMPAIGN_ID'),
        say('dimension.UTM_CAMPAIGN'),
        say('dimension.UTM_SOURCE'),
        say('dimension.UTM_MEDIUM'),
        say('source'),
        say('measure.IMPRESSIONS'),
        say('measure.CLICKS'),
        say('measure.COST'),
      ]}
      numbers={3}
      rows={page?.nodes.map((row) => [
        formats.day(row.date),
        valueText(say, row.channel),
        row.campaignId,
        valueText(say, row.utmCampaign),
        valueText(say, row.utmSource),
        valueText(say, row.utmMedium),
        <SourceLink source={row.source} />,
        formats.count(row.impressions),
        formats.count(row.clicks),
        <Money
          value={row.cost}
          currency={row.currency}
          stored={row.storedCost}
          storedCurrency={row.storedCurrency}
        />,
      ])}
    />
  );
}

function CrmRecords({ choice }: { choice: RecordsChoice }) {
  const { say, formats } = usePage();
  const stage = stagesOf(choice);
  const asked = useAnswer(DashboardCrmRecordsDocument, { ...useListVariables(), ...(stage && { stage }) });
  const page = asked.data?.opportunities;
  return (
    <RecordTable
      asked={asked}
      page={page}
      title={say('crmRecords')}
      headings={[
        say('day'),
        say('recordId'),
        say('stage'),
        say('dimension.CHANNEL'),
        say('dimension.CAMPAIGN_ID'),
        say('dimension.UTM_CAMPAIGN'),
        say('dimension.UTM_SOURCE'),
        say('dimension.MATCH'),
        say('source'),
        say('amount'),
      ]}
      numbers={1}
      rows={page?.nodes.map((row) => [
        formats.day(row.day),
        row.id,
        row.stageName || say(`stage.${row.stage}`),
        valueText(say, row.channel ?? null),
        valueText(say, row.campaignId ?? null),
        valueText(say, row.utmCampaign),
        valueText(say, row.utmSource),
        say(`match.${row.match}`),
        <SourceLink source={row.source} />,
        <Money
          value={row.amount}
          currency={row.currency}
          stored={row.storedAmount}
          storedCurrency={row.storedCurrency}
        />,
      ])}
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

interface RecordPage {
  readonly totalCount: number;
  readonly pageInfo: { readonly endCursor?: string | null; readonly hasNextPage: boolean };
}

/** A page of records. The last `numbers` columns are figures. */
function RecordTable(props: {
  readonly asked: Pick<Asked<unknown>, 'isLoading' | 'problem' | 'again'>;
  readonly page: RecordPage | undefined;
  readonly title: string;
  readonly headings: readonly string[];
  readonly numbers: number;
  readonly rows: readonly (readonly ComponentChildren[])[] | undefined;
}) {
  const { asked, page, title, headings, numbers, rows } = props;
  const { say, formats } = usePage();
  const { own, address } = useView();
  const classOf = (column: number): string | undefined =>
    column >= headings.length - numbers ? 'number' : undefined;
  return (
    <Panel title={title} class="records" isLoading={asked.isLoading}>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <div class="scroll wide" tabIndex={0} role="region" aria-label={title}>
        <table>
          <caption class="hidden">{title}</caption>
          <thead>
            <tr>
              {headings.map((heading, column) => (
                <th key={heading} scope="col" class={classOf(column)}>
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows?.map((cells, index) => (
              <tr key={index}>
                {cells.map((cell, column) => (
                  <td key={headings[column]} class={classOf(column)}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows?.length === 0 && <p class="quiet">{say('noRows')}</p>}
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
