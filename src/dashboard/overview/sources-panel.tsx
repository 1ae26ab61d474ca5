import { DashboardSourcesDocument } from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { Panel, ProblemNote } from '../parts/states.tsx';
import { rangeInput } from '../view/range.ts';
import type { View } from '../view/view.ts';

/** How fresh each source is. A source that failed says so, and since when. */
export function SourcesPanel({ view }: { view: View }) {
  const { say, formats } = usePage();
  const asked = useAnswer(DashboardSourcesDocument, { range: rangeInput(view.range) });
  const states = asked.data?.dataQuality.sources;
  const now = Date.now();
  return (
    <Panel title={say('sources')} class="sources" isLoading={asked.isLoading && !asked.data}>
      {asked.problem && !asked.data && <ProblemNote problem={asked.problem} again={asked.again} />}
      <ul>
        {states?.map(({ source, lastStatus, lastFinishedAt, lastSucceededAt }) => {
          const configured = asked.data?.ingestSources.find(({ name }) => name === source);
          const status = lastStatus ?? 'NONE';
          return (
            <li key={source}>
              <i class="dot" data-status={status} aria-hidden="true" />
              <strong>{source}</strong> <span class="status">{say(`status.${status}`)}</span>
              <span class="quiet">
                {status === 'FAILED' &&
                  lastFinishedAt &&
                  `${say('failed', { ago: formats.ago(lastFinishedAt, now) })} · `}
                {lastSucceededAt
                  ? say('lastSuccess', { ago: formats.ago(lastSucceededAt, now) })
                  : say('neverRan')}
                {configured?.watermark && ` · ${say('upTo', { day: formats.day(configured.watermark) })}`}
              </span>
            </li>
          );
        })}
      </ul>
      {states?.length === 0 && <p class="quiet">{say('noSources')}</p>}
    </Panel>
  );
}
