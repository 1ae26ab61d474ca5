import { useState } from 'preact/hooks';
import {
  DashboardDismissDocument,
  DashboardRejectsDocument,
  type DashboardRejectsQuery,
  DashboardRetryDocument,
} from '../../../schema/generated/dashboard/graphql.ts';
import { ask } from '../api/ask.ts';
import { useAction } from '../api/use-action.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { Panel, ProblemNote } from '../parts/states.tsx';

type Reject = DashboardRejectsQuery['rejectedRecords']['nodes'][number];

/** Records that could not be stored, with the reason; each can be tried again, also with other values, or dismissed. */
export function RejectsPanel({ source }: { source: string | undefined }) {
  const { say, formats } = usePage();
  const { own, address } = useView();
  const after = own.get('after');
  const asked = useAnswer(DashboardRejectsDocument, {
    ...(source !== undefined && { where: { source } }),
    ...(after !== null && { after }),
  });
  const page = asked.data?.rejectedRecords;
  return (
    <Panel title={say('rejected')} class="rejects" isLoading={asked.isLoading}>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      {page?.totalCount === 0 && <p class="fine">{say('nothingFound')}</p>}
      <ul>
        {page?.nodes.map((reject) => (
          <RejectItem key={reject.id} reject={reject} onChange={asked.again} />
        ))}
      </ul>
      <footer class="pages">
        {page && <span class="quiet">{say('rowCount', { count: formats.count(page.totalCount) })}</span>}
        {after !== null && <a href={address({}, { after: undefined })}>{say('firstPage')}</a>}
        {page?.pageInfo.hasNextPage && page.pageInfo.endCursor && (
          <a href={address({}, { after: page.pageInfo.endCursor })}>{say('nextPage')}</a>
        )}
      </footer>
    </Panel>
  );
}

function RejectItem({ reject, onChange }: { reject: Reject; onChange: () => void }) {
  const { say, formats } = usePage();
  const [patch, setPatch] = useState('{}');
  const [answer, setAnswer] = useState('');
  const action = useAction();
  const retry = (): void =>
    action.run(async () => {
      const changes = parseObject(patch);
      if (changes === undefined) {
        setAnswer(say('noObject', { example: '{"cost": 12.5}' }));
        return;
      }
      const { data } = await ask(
        DashboardRetryDocument,
        { input: { ids: [reject.id], ...(Object.keys(changes).length > 0 && { patch: changes }) } },
        { isMutation: true },
      );
      const [result] = data.retryRejectedRecords.records;
      if (result?.accepted) onChange();
      else setAnswer(`${result?.reason ?? ''}: ${result?.detail ?? ''}`);
    });
  return (
    <li>
      <details>
        <summary>
          <strong>{reject.reason}</strong> {reject.field} <span class="quiet">{reject.source}</span>{' '}
          <span class="quiet">{formats.instant(reject.rejectedAt)}</span>
        </summary>
        <p>{reject.detail}</p>
        <pre tabIndex={0} role="region" aria-label={say('record')}>
          {reject.record}
        </pre>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            retry();
          }}
        >
          <label>
            {say('patch')}
            <input
              value={patch}
              spellcheck={false}
              onInput={({ currentTarget }) => setPatch(currentTarget.value)}
            />
          </label>
          <button type="submit" class="button strong" disabled={action.isBusy}>
            {say('retry')}
          </button>
          <button
            type="button"
            class="button"
            disabled={action.isBusy}
            onClick={() =>
              action.run(async () => {
                await ask(DashboardDismissDocument, { input: { ids: [reject.id] } }, { isMutation: true });
                onChange();
              })
            }
          >
            {say('dismiss')}
          </button>
        </form>
        {(answer !== '' || action.problem) && <p role="alert">{action.problem?.message ?? answer}</p>}
      </details>
    </li>
  );
}

function parseObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
