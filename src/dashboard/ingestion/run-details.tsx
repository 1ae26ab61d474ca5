import { useEffect, useState } from 'preact/hooks';
import {
  DashboardApproveDocument,
  DashboardCancelDocument,
  DashboardReplayDocument,
  DashboardRunDetailsDocument,
  type DashboardRunDetailsQuery,
  DashboardRunProgressDocument,
  type DashboardRunProgressSubscription,
} from '../../../schema/generated/dashboard/graphql.ts';
import { ask } from '../api/ask.ts';
import { follow } from '../api/follow.ts';
import { useAction } from '../api/use-action.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { mayIngest } from '../page/session.ts';
import { useView } from '../page/use-view.ts';
import { ScrollingTable } from '../parts/data-table.tsx';
import { Panel, ProblemNote } from '../parts/states.tsx';

type DayChange = NonNullable<DashboardRunDetailsQuery['ingestRun']>['changes'][number];
type Progress = DashboardRunProgressSubscription['ingestRun'];

const isAtWork = (status: string): boolean => status === 'QUEUED' || status === 'RUNNING';

/** One run: how far it is while it works, then what it did, by day. */
export function RunDetails({ id, onChange }: { id: string; onChange: () => void }) {
  const { say, formats, session } = usePage();
  const { address, change } = useView();
  const asked = useAnswer(DashboardRunDetailsDocument, { id });
  const action = useAction();
  const loaded = asked.data?.ingestRun;
  const progress = useProgress(id, loaded?.status, () => {
    asked.again();
    onChange();
  });
  const run = loaded && { ...loaded, ...(progress?.id === id ? progress : {}) };
  const act = (work: () => Promise<unknown>): void =>
    action.run(async () => {
      await work();
      asked.again();
      onChange();
    });
  const close = <a href={address({}, { run: undefined })}>{say('close')}</a>;
  if (!run)
    return (
      <Panel title={say('run')} actions={close} isLoading={asked.isLoading}>
        {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
        {asked.data && <p>{say('noRun')}</p>}
      </Panel>
    );
  const facts: readonly (readonly [string, string])[] = [
    [say('runStatus'), say(`status.${run.status}`)],
    [
      say('days'),
      run.since || run.until ? `${run.since ?? '…'} – ${run.until ?? '…'}` : say('fromWatermark'),
    ],
    [say('read'), formats.count(run.recordsRead)],
    [say('written'), formats.count(run.recordsWritten)],
    [say('rejected'), formats.count(run.recordsRejected)],
    [say('requestedBy'), run.requestedBy],
  ];
  return (
    <Panel
      title={`${say('run')} ${run.source}${run.dryRun ? ` · ${say('dryRun')}` : ''}`}
      actions={close}
      class="run"
    >
      <dl aria-live="polite">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt class="quiet">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {isAtWork(run.status) && <progress aria-label={say('status.RUNNING')} />}
      {run.error && (
        <p class="note bad">
          {run.error.code}: {run.error.message}
        </p>
      )}
      {run.warnings.map((warning) => (
        <p key={warning} class="note warn">
          {warning}
        </p>
      ))}
      {action.problem && <ProblemNote problem={action.problem} again={asked.again} />}
      {mayIngest(session) && (
        <p class="actions">
          {isAtWork(run.status) && (
            <button
              type="button"
              class="button"
              disabled={action.isBusy}
              onClick={() => act(() => ask(DashboardCancelDocument, { id }, { isMutation: true }))}
            >
              {say('cancel')}
            </button>
          )}
          {run.status === 'HELD' && (
            <button
              type="button"
              class="button strong"
              disabled={action.isBusy}
              onClick={() => act(() => ask(DashboardApproveDocument, { id }, { isMutation: true }))}
            >
              {say('approve')}
            </button>
          )}
          {!isAtWork(run.status) && !run.dryRun && (
            <button
              type="button"
              class="button"
              disabled={action.isBusy}
              onClick={() =>
                act(async () => {
                  const { data } = await ask(DashboardReplayDocument, { id }, { isMutation: true });
                  change({}, { run: data.replayRun.id });
                })
              }
            >
              {say('replay')}
            </button>
          )}
        </p>
      )}
      {run.changes.length > 0 && (
        <ScrollingTable
          title={say(run.dryRun ? 'wouldChange' : 'differences')}
          isTitleShown
          columns={[
            {
              id: 'day',
              heading: say('day'),
              isRowHeading: true,
              cell: ({ date }) => formats.day(date),
            },
            ...(['added', 'changed', 'removed'] as const).map((name) => ({
              id: name,
              heading: say(name),
              isNumber: true,
              cell: (change: DayChange) => formats.count(change[name]),
            })),
            ...(['costBefore', 'costAfter'] as const).map((name) => ({
              id: name,
              heading: say(name),
              isNumber: true,
              cell: (change: DayChange) => formats.money(change[name]),
            })),
          ]}
          rows={run.changes}
          idOf={({ date }) => date}
        />
      )}
      {run.dryRun && run.status === 'SUCCEEDED' && run.changes.length === 0 && (
        <p class="fine">{say('noDifference')}</p>
      )}
    </Panel>
  );
}

/** The state of a run that is at work, as it changes; tells when it has ended. */
function useProgress(id: string, status: string | undefined, onEnd: () => void): Progress | undefined {
  const [progress, setProgress] = useState<Progress>();
  const isLive = status !== undefined && isAtWork(status);
  useEffect(() => {
    if (!isLive) return undefined;
    const leaving = new AbortController();
    follow(
      DashboardRunProgressDocument,
      { id },
      ({ ingestRun }) => setProgress(ingestRun),
      leaving.signal,
    ).then(onEnd, () => undefined);
    return () => leaving.abort();
  }, [id, isLive]);
  return progress;
}
