import {
  DashboardIngestionDocument,
  type DashboardIngestionQuery,
} from '../../../schema/generated/dashboard/graphql.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { mayIngest } from '../page/session.ts';
import { useView } from '../page/use-view.ts';
import { type DataColumn, ScrollingTable } from '../parts/data-table.tsx';
import { Panel, PartialNote, ProblemNote } from '../parts/states.tsx';
import { RejectsPanel } from './rejects-panel.tsx';
import { RunDetails } from './run-details.tsx';
import { TriggerForm } from './trigger-form.tsx';

/** Sources, runs and rejected records, and what may be done with them. */
export function Ingestion() {
  const { say, session } = usePage();
  const { own, address } = useView();
  const source = own.get('source') ?? undefined;
  const before = own.get('before');
  const run = own.get('run');
  const asked = useAnswer(DashboardIngestionDocument, {
    ...(source !== undefined && { source }),
    ...(before !== null && { before }),
  });
  return (
    <>
      <h1>{say('ingestion')}</h1>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <PartialNote asked={asked} />
      <div class="ingestion">
        <SourcesList sources={asked.data?.ingestSources} isLoading={asked.isLoading} onChange={asked.again} />
        {run !== null && <RunDetails key={run} id={run} onChange={asked.again} />}
        <Panel
          title={source === undefined ? say('runs') : `${say('runs')}: ${source}`}
          isLoading={asked.isLoading}
          actions={
            source !== undefined && (
              <a href={address({}, { source: undefined, before: undefined })}>{say('allSources')}</a>
            )
          }
        >
          <RunsTable runs={asked.data?.ingestRuns} />
        </Panel>
        {mayIngest(session) && <RejectsPanel source={source} />}
      </div>
    </>
  );
}

type Source = DashboardIngestionQuery['ingestSources'][number];

function SourcesList(props: {
  readonly sources: readonly Source[] | undefined;
  readonly isLoading: boolean;
  readonly onChange: () => void;
}) {
  const { sources, isLoading, onChange } = props;
  const { say } = usePage();
  return (
    <Panel title={say('sources')} class="source-list" isLoading={isLoading}>
      {sources?.length === 0 && <p class="quiet">{say('noSources')}</p>}
      <ul>
        {sources?.map((source) => (
          <SourceItem key={source.name} source={source} onChange={onChange} />
        ))}
      </ul>
    </Panel>
  );
}

/** How a source is, and ways to run it. */
function SourceItem({ source, onChange }: { source: Source; onChange: () => void }) {
  const { say, formats, session } = usePage();
  const { address } = useView();
  const next = source.nextRunAt
    ? say('nextRun', { at: formats.instant(source.nextRunAt) })
    : (source.scheduleInactiveReason ?? say('noSchedule'));
  return (
    <li>
      <div>
        <strong>
          <a href={address({}, { source: source.name, before: undefined })}>{source.name}</a>
        </strong>{' '}
        <span class="quiet">
          {source.adapter} · {source.mode}
        </span>
        <p class="quiet">
          {source.watermark ? say('upTo', { day: formats.day(source.watermark) }) : say('neverRan')} · {next}
        </p>
        {source.circuit !== 'closed' && <p class="note warn">{say('circuit')}</p>}
      </div>
      {mayIngest(session) && <TriggerForm source={source.name} onChange={onChange} />}
    </li>
  );
}

type Run = DashboardIngestionQuery['ingestRuns'][number];

const countOf = { read: 'recordsRead', written: 'recordsWritten', rejected: 'recordsRejected' } as const;

function RunsTable({ runs }: { runs: DashboardIngestionQuery['ingestRuns'] | undefined }) {
  const { say, formats } = usePage();
  const { own, address } = useView();
  if (runs?.length === 0) return <p class="quiet">{say('noRuns')}</p>;
  const last = runs?.at(-1);
  const columns: readonly DataColumn<Run>[] = [
    {
      id: 'begun',
      heading: say('begun'),
      cell: ({ id, createdAt }) => <a href={address({}, { run: id })}>{formats.instant(createdAt)}</a>,
    },
    { id: 'source', heading: say('source'), cell: ({ source }) => source },
    {
      id: 'status',
      heading: say('runStatus'),
      cell: ({ status, dryRun }) => (
        <>
          <i class="dot" data-status={status} aria-hidden="true" />
          {say(`status.${status}`)}
          {dryRun && <span class="quiet"> {say('dryRun')}</span>}
        </>
      ),
    },
    ...(['read', 'written', 'rejected'] as const).map((name) => ({
      id: name,
      heading: say(name),
      isNumber: true,
      cell: (run: Run) => formats.count(run[countOf[name]]),
    })),
    { id: 'error', heading: say('error'), cell: ({ error }) => error?.message },
  ];
  return (
    <>
      <ScrollingTable title={say('runs')} isWide columns={columns} rows={runs ?? []} idOf={({ id }) => id} />
      <footer class="pages">
        {own.has('before') && <a href={address({}, { before: undefined })}>{say('firstPage')}</a>}
        {runs?.length === 20 && last && <a href={address({}, { before: last.id })}>{say('nextPage')}</a>}
      </footer>
    </>
  );
}
