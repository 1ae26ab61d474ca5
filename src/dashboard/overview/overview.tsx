import { useMemo } from 'preact/hooks';
import {
  DashboardCampaignNamesDocument,
  DashboardOverviewDocument,
  type DashboardOverviewQuery,
} from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { FilterBar } from '../parts/filter-bar.tsx';
import { NoData, SummaryLine, UnattributedLine } from '../parts/notices.tsx';
import { Choice, ComparisonPicker, GranularityPicker, RangePicker } from '../parts/range-picker.tsx';
import { PartialNote, ProblemNote } from '../parts/states.tsx';
import { bucketText } from '../text/buckets.ts';
import { figureOf, measureNames } from '../text/measures.ts';
import { dimensions } from '../view/filters.ts';
import { fittingGranularity } from '../view/range.ts';
import { printMeasures } from '../view/view.ts';
import { ViewsMenu } from '../views/views-menu.tsx';
import { FunnelPanel } from './funnel-panel.tsx';
import {
  campaignNamesVariables,
  listMeasures,
  overviewVariables,
  parseOverviewChoice,
  utmLabels,
} from './overview-view.ts';
import { RankedList } from './ranked-list.tsx';
import { SourcesPanel } from './sources-panel.tsx';
import { Tiles, TilesMenu, tilesKey } from './tiles.tsx';

/** What was spent and what came of it: the page that a team opens every morning. */
export function Overview() {
  const { say, session, shared } = usePage();
  const { view, own, address, change } = useView();
  // In a frame, browsers may refuse what they have kept; it is not the reader’s choice that a link shows.
  const choice = parseOverviewChoice(own, shared === undefined ? localStorage.getItem(tilesKey) : null);
  const asked = useAnswer(DashboardOverviewDocument, overviewVariables(view, choice));
  const names = useAnswer(DashboardCampaignNamesDocument, campaignNamesVariables(view));
  const nameOf = (id: string): string | undefined =>
    names.data?.campaigns.nodes.find((campaign) => campaign.id === id)?.name ?? undefined;
  const { data } = asked;
  const meta = data?.summary.meta;
  const currency = meta?.currency;
  const list = { measures: listMeasures(choice.measure), currency, isLoading: asked.isLoading };
  return (
    <>
      <div class="bar-row">
        <FilterBar />
        {shared === undefined && (
          <div class="pickers">
            <ViewsMenu address={address({}, { tiles: printMeasures(choice.tiles) })} />
            <RangePicker shown={meta} />
            <ComparisonPicker />
          </div>
        )}
      </div>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <PartialNote asked={asked} />
      <SummaryLine summary={data?.summary} />
      {data && isEmpty(data) && <NoData meta={data.summary.meta} />}
      <section class={`panel main ${asked.isLoading && data ? 'stale' : ''}`} aria-busy={asked.isLoading}>
        {shared === undefined && <h1 class="hidden">{say('overview')}</h1>}
        <Tiles
          tiles={choice.tiles}
          chosen={choice.measure}
          totals={data?.summary.totals}
          points={data?.series.nodes ?? []}
          currency={currency}
        />
        {shared === undefined ? (
          <div class="chart-row">
            <Choice
              label={say('chartMeasure')}
              isLabelHidden
              value={choice.measure}
              options={measureNames.map((measure) => [measure, say(`measure.${measure}`)] as const)}
              onChange={(measure) => change({}, { measure: measure.toLowerCase() })}
            />
            <GranularityPicker />
            <span class="spacer" />
            <TilesMenu tiles={choice.tiles} />
          </div>
        ) : (
          <h2 class="chart-row">{say(`measure.${choice.measure}`)}</h2>
        )}
        <div class="chart-place">{data && <OverviewChart data={data} measure={choice.measure} />}</div>
        <UnattributedLine summary={data?.summary} />
      </section>
      <div class="grid">
        <RankedList
          {...list}
          title={say('channels')}
          dimension="CHANNEL"
          rows={data?.channels.nodes.map((node) => ({ value: node.channel ?? null, figures: node }))}
          totalCount={data?.channels.totalCount}
        />
        <RankedList
          {...list}
          title={say('campaigns')}
          dimension="CAMPAIGN_ID"
          rows={data?.campaigns.nodes.map((node) => ({
            value: node.campaignId ?? null,
            name: nameOf(node.campaignId ?? ''),
            figures: node,
          }))}
          totalCount={data?.campaigns.totalCount}
        />
        <RankedList
          {...list}
          title={say('utm')}
          dimension={choice.utm}
          rows={data?.utm.nodes.map((node) => ({
            value: node[dimensions[choice.utm]] ?? null,
            figures: node,
          }))}
          totalCount={data?.utm.totalCount}
          actions={
            shared === undefined && (
              <Choice
                label={say('dimension')}
                isLabelHidden
                value={choice.utm}
                options={utmLabels.map((label) => [label, say(`dimension.${label}`)] as const)}
                onChange={(label) => change({}, { utm: label.toLowerCase() })}
              />
            )
          }
        />
        <FunnelPanel steps={data?.funnel[0]?.steps} currency={currency} isLoading={asked.isLoading} />
        {!session.isLimited && <SourcesPanel view={view} />}
      </div>
    </>
  );
}

const isEmpty = ({ channels, funnel }: DashboardOverviewQuery): boolean =>
  channels.totalCount === 0 && funnel.every(({ steps }) => steps.every(({ count }) => count === 0));

function OverviewChart({
  data,
  measure,
}: {
  data: DashboardOverviewQuery;
  measure: Parameters<typeof figureOf>[1];
}) {
  const { say, formats } = usePage();
  const { view } = useView();
  const granularity = view.granularity ?? fittingGranularity(view.range);
  const { nodes } = data.series;
  const { meta } = data.summary;
  const name = say(`measure.${measure}`);
  const days = useMemo(() => nodes.map(({ date }) => date ?? ''), [nodes]);
  const series = useMemo(() => {
    const current = { label: name, values: nodes.map((node) => figureOf(node, measure)), tone: 0 };
    if (!meta.comparedFrom) return [current];
    const past = {
      label: say('before_series'),
      values: nodes.map(({ previous }) => figureOf(previous, measure)),
      tone: 'past' as const,
    };
    return [current, past];
  }, [nodes, measure]);
  return (
    <TimeChart
      title={say('chartTitle', { measure: name, granularity: say(`by.${granularity}`) })}
      days={days}
      dayText={(day) => bucketText(say, formats, day, granularity)}
      series={series}
      kind="line"
      figure={(value) => formats.measure(measure, value, meta.currency)}
      shortFigure={(value) => formats.short(measure, value, meta.currency)}
    />
  );
}
