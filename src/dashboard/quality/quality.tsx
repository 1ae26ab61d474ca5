import {
  DashboardFeedQualityDocument,
  DashboardQualityDocument,
  type DashboardQualityQuery,
  type Dimension,
} from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { RangePicker } from '../parts/range-picker.tsx';
import { PartialNote, ProblemNote } from '../parts/states.tsx';
import { addressOf } from '../view/address.ts';
import { type Filter, isLabel } from '../view/filters.ts';
import { rangeInput, untilToday } from '../view/range.ts';
import { printView } from '../view/view.ts';
import { FindingPanel } from './finding-panel.tsx';

/** What to check before the figures are trusted: each finding leads to its records. */
export function Quality() {
  const { say, session } = usePage();
  const { view } = useView();
  const asked = useAnswer(DashboardQualityDocument, {
    range: rangeInput(view.range),
    ...(view.currency !== undefined && { currency: view.currency }),
  });
  const { data } = asked;
  const isLoading = asked.isLoading;
  return (
    <>
      <div class="bar-row">
        <h1>{say('quality')}</h1>
        <div class="pickers">
          <RangePicker shown={data?.summary.meta} />
        </div>
      </div>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <PartialNote asked={asked} />
      <div class={`grid ${isLoading && data ? 'stale' : ''}`}>
        <AttributionPanel data={data} isLoading={isLoading} />
        <UnattributedPanel data={data} isLoading={isLoading} />
        <SpellingsPanel data={data} isLoading={isLoading} />
        <SpendPanel data={data} isLoading={isLoading} />
        <RevenuePanel data={data} isLoading={isLoading} />
        <DaysPanel data={data} isLoading={isLoading} />
        {!session.isLimited && <FeedPanels />}
      </div>
    </>
  );
}

interface PartProps {
  readonly data: DashboardQualityQuery | undefined;
  readonly isLoading: boolean;
}

/** Addresses of the records of the days that are shown. */
function useRecords(): (of: 'ads' | 'crm', filters: readonly Filter[], stage?: 'won') => string {
  const { view } = useView();
  return (of, filters, stage) => {
    const search = printView({ ...view, filters });
    search.set('of', of);
    if (stage) search.set('stage', stage);
    return addressOf('/records', search);
  };
}

const is = (dimension: Filter['dimension'], value: string | null): Filter => ({
  dimension,
  operator: 'is',
  value,
});

function AttributionPanel({ data, isLoading }: PartProps) {
  const { say, formats } = usePage();
  const records = useRecords();
  const currency = data?.summary.meta.currency;
  return (
    <FindingPanel
      title={say('dimension.MATCH')}
      about={say('about.matches')}
      figures={3}
      isLoading={isLoading}
      headings={[say('dimension.MATCH'), say('measure.LEADS'), say('share'), say('measure.REVENUE')]}
      rows={data?.dataQuality.matches.map(({ match, records: count, recordShare, revenue }) => [
        <a href={records('crm', [is('MATCH', match)])}>{say(`match.${match}`)}</a>,
        <data value={String(count)}>{formats.count(count)}</data>,
        formats.percent(recordShare),
        formats.money(revenue, currency),
      ])}
    />
  );
}

function UnattributedPanel({ data, isLoading }: PartProps) {
  const { say, formats } = usePage();
  const records = useRecords();
  const currency = data?.summary.meta.currency;
  const unattributed = is('MATCH', 'UNATTRIBUTED');
  const row = (text: string, filters: Filter[], figures: { leads: number; revenue?: number | null }) => [
    <a href={records('crm', [unattributed, ...filters])}>{text}</a>,
    <data value={String(figures.leads)}>{formats.count(figures.leads)}</data>,
    formats.money(figures.revenue, currency),
  ];
  return (
    <FindingPanel
      title={say('unattributedLeads')}
      about={say('about.unattributed')}
      figures={2}
      isLoading={isLoading}
      headings={[say('reason'), say('measure.LEADS'), say('measure.REVENUE')]}
      rows={
        data && [
          row(say('reason.noCampaign'), [is('UTM_CAMPAIGN', 'unknown')], data.withoutCampaign.totals),
          row(
            say('reason.noAds'),
            [{ ...is('UTM_CAMPAIGN', 'unknown'), operator: 'not' }],
            data.withoutAds.totals,
          ),
          ...data.withoutAds.nodes.map((node) =>
            row(`· ${node.utmCampaign ?? ''}`, [is('UTM_CAMPAIGN', node.utmCampaign ?? null)], node),
          ),
        ]
      }
    />
  );
}

function SpellingsPanel({ data, isLoading }: PartProps) {
  const { say, formats } = usePage();
  const { view } = useView();
  const found = data?.dataQuality.nearDuplicateUtms;
  const explore = (dimension: Dimension, values: readonly string[]): string => {
    const filters = isLabel(dimension) ? values.map((value) => is(dimension, value)) : [];
    const search = printView({ ...view, filters });
    search.set('rows', dimension.toLowerCase());
    return addressOf('/explore', search);
  };
  return (
    <FindingPanel
      title={say('nearDuplicates')}
      about={say('about.nearDuplicates')}
      isLoading={isLoading}
      headings={[say('dimension'), say('spellings'), say('measure.COST')]}
      rows={found?.nodes.map(({ dimension, spellings, cost }) => [
        isLabel(dimension) ? say(`dimension.${dimension}`) : dimension,
        <a
          href={explore(
            dimension,
            spellings.map(({ value }) => value),
          )}
        >
          {spellings.map(({ value, rows }) => `${value} (${formats.count(rows)})`).join(', ')}
        </a>,
        formats.money(cost, data?.summary.meta.currency),
      ])}
    />
  );
}

function SpendPanel({ data, isLoading }: PartProps) {
  const { say, formats } = usePage();
  const records = useRecords();
  const spend = data?.dataQuality.spendWithoutUtm;
  const parts = [
    ['UTM_SOURCE', spend?.utmSource],
    ['UTM_MEDIUM', spend?.utmMedium],
    ['UTM_CAMPAIGN', spend?.utmCampaign],
  ] as const;
  return (
    <FindingPanel
      title={say('spendWithoutUtm')}
      about={say('about.spendWithoutUtm')}
      figures={3}
      isLoading={isLoading}
      headings={[say('missing'), say('adsRows'), say('share'), say('measure.COST')]}
      rows={
        spend &&
        parts.flatMap(([dimension, part]) =>
          part === undefined || part.rows === 0
            ? []
            : [
                [
                  <a href={records('ads', [is(dimension, 'unknown')])}>{say(`dimension.${dimension}`)}</a>,
                  formats.count(part.rows),
                  formats.percent(part.share),
                  formats.money(part.cost, data.summary.meta.currency),
                ],
              ],
        )
      }
    />
  );
}

function RevenuePanel({ data, isLoading }: PartProps) {
  const { say, formats } = usePage();
  const records = useRecords();
  return (
    <FindingPanel
      title={say('revenueWithoutSpend')}
      about={say('about.revenueWithoutSpend')}
      figures={2}
      isLoading={isLoading}
      headings={[say('dimension.CAMPAIGN_ID'), say('measure.CLOSED_WON'), say('measure.REVENUE')]}
      rows={data?.dataQuality.revenueWithoutSpend.campaigns.nodes.map(({ value, closedWon, revenue }) => [
        <a href={records('crm', [is('CAMPAIGN_ID', value)], 'won')}>{value}</a>,
        formats.count(closedWon),
        formats.money(revenue, data.summary.meta.currency),
      ])}
    />
  );
}

function DaysPanel({ data, isLoading }: PartProps) {
  const { say, formats } = usePage();
  const { view } = useView();
  return (
    <FindingPanel
      title={say('daysWithoutData')}
      about={say('about.daysWithoutData')}
      figures={0}
      isLoading={isLoading}
      headings={[say('day')]}
      rows={data?.dataQuality.daysWithoutData.map((day) => [
        <a href={addressOf('/', printView({ ...view, range: { from: day, to: day } }))}>
          {formats.day(day)}
        </a>,
      ])}
    />
  );
}

/** What happened to records on their way in. */
function FeedPanels() {
  const { say, formats } = usePage();
  const { view } = useView();
  const asked = useAnswer(DashboardFeedQualityDocument, { range: untilToday(view.range) });
  const feed = asked.data?.dataQuality;
  const common = { isLoading: asked.isLoading };
  return (
    <>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <FindingPanel
        {...common}
        title={say('rejected')}
        about={say('about.rejected')}
        headings={[say('source'), say('reason'), say('count')]}
        rows={feed?.rejectedRecords.map(({ source, reason, count }) => [
          <a href={addressOf('/ingestion', new URLSearchParams({ source }))}>{source}</a>,
          reason,
          formats.count(count),
        ])}
      />
      <FindingPanel
        {...common}
        title={say('repairs')}
        about={say('about.repairs')}
        headings={[say('kind'), say('count')]}
        rows={feed?.repairs.map(({ name, count }) => [name, formats.count(count)])}
      />
      <FindingPanel
        {...common}
        title={say('skips')}
        about={say('about.skips')}
        headings={[say('reason'), say('count')]}
        rows={feed?.skips.map(({ name, count }) => [name, formats.count(count)])}
      />
      <FindingPanel
        {...common}
        title={say('overlaps')}
        about={say('about.overlaps')}
        headings={[say('source'), say('others.sources'), say('count')]}
        rows={
          feed && [
            ...feed.overlappingSources.map(({ source, others, records }) => [
              source,
              others.join(', '),
              formats.count(records),
            ]),
            ...feed.orphanedSources.map(({ source, records }) => [
              source,
              say('orphaned'),
              formats.count(records),
            ]),
            ...feed.sharedIds.map(({ namespaces, ids }) => [
              namespaces.join(', '),
              say('sharedIds'),
              formats.count(ids),
            ]),
          ]
        }
      />
    </>
  );
}
