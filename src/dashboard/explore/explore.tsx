import { DashboardExploreDocument } from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { FilterBar } from '../parts/filter-bar.tsx';
import { NoData, SummaryLine } from '../parts/notices.tsx';
import { ComparisonPicker, RangePicker } from '../parts/range-picker.tsx';
import { Panel, PartialNote, ProblemNote } from '../parts/states.tsx';
import { ViewsMenu } from '../views/views-menu.tsx';
import { ExploreChart } from './explore-chart.tsx';
import { ExploreControls } from './explore-controls.tsx';
import { ExploreTable } from './explore-table.tsx';
import { exploreVariables, parseExplore } from './explore-view.ts';

/** Any figures by any dimensions, as a chart and a table. */
export function Explore() {
  const { say, shared } = usePage();
  const { view, own, address } = useView();
  const choice = parseExplore(own);
  const asked = useAnswer(DashboardExploreDocument, exploreVariables(view, choice));
  const { data } = asked;
  const isEmpty = data?.table.totalCount === 0;
  return (
    <>
      {shared === undefined && <h1 class="hidden">{say('explore')}</h1>}
      <div class="bar-row">
        <FilterBar />
        {shared === undefined && (
          <div class="pickers">
            <ViewsMenu address={address({}, { after: undefined })} />
            <RangePicker shown={data?.table.meta} />
            <ComparisonPicker />
          </div>
        )}
      </div>
      {shared === undefined && <ExploreControls choice={choice} />}
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <PartialNote asked={asked} />
      <SummaryLine summary={data?.table} />
      {data && isEmpty && <NoData meta={data.table.meta} />}
      <div class={`explore ${asked.isLoading && data ? 'stale' : ''}`}>
        <Panel title={say(`measure.${choice.measure}`)} class="explore-chart" isLoading={asked.isLoading}>
          {data ? <ExploreChart data={data} choice={choice} /> : <i class="bone" />}
        </Panel>
        <Panel title={say('table')} class="explore-rows" isLoading={asked.isLoading}>
          {data ? <ExploreTable table={data.table} choice={choice} /> : <i class="bone" />}
        </Panel>
      </div>
    </>
  );
}
