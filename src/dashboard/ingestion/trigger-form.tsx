import { useId, useState } from 'preact/hooks';
import {
  DashboardTriggerDocument,
  type TriggerIngestInput,
} from '../../../schema/generated/dashboard/graphql.ts';
import { ask } from '../api/ask.ts';
import { useAction } from '../api/use-action.ts';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import { Choice } from '../parts/range-picker.tsx';
import { ProblemText } from '../parts/states.tsx';

const kinds = ['usual', 'last', 'between'] as const;

/** As the server has it. */
const mostLastDays = 3_650;

/**
 * Runs a source, or tries a run, for the days that it lacks, a number of days before today, or days of the calendar. Enter only
 * tries: the first button is the one that changes nothing.
 */
export function TriggerForm({ source, onChange }: { source: string; onChange: () => void }) {
  const { say } = usePage();
  const { change } = useView();
  const action = useAction();
  const id = useId();
  const [kind, setKind] = useState<(typeof kinds)[number]>('usual');
  const [lastDays, setLastDays] = useState('7');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const days = (): TriggerIngestInput => {
    switch (kind) {
      case 'usual':
        return {};
      case 'last':
        return { lastDays: Number(lastDays) };
      case 'between':
        return { since, ...(until !== '' && { until }) };
    }
  };
  const trigger = (dryRun: boolean): void =>
    action.run(async () => {
      const input = { sources: [source], dryRun, ...days() };
      const { data } = await ask(DashboardTriggerDocument, { input }, { isMutation: true });
      onChange();
      change({}, { run: data.triggerIngest.runs[0]?.id });
    });
  return (
    <form
      class="trigger"
      aria-label={`${say('run')} ${source}`}
      onSubmit={(event) => {
        event.preventDefault();
        trigger(event.submitter?.id !== `${id}-run`);
      }}
    >
      <Choice
        label={say('days')}
        value={kind}
        options={kinds.map((one) => [one, say(`runDays.${one}`)] as const)}
        onChange={setKind}
      />
      {kind === 'last' && (
        <label>
          {say('lastDays')}
          <input
            type="number"
            required
            min={1}
            max={mostLastDays}
            value={lastDays}
            onInput={({ currentTarget }) => setLastDays(currentTarget.value)}
          />
        </label>
      )}
      {kind === 'between' && (
        <>
          <label>
            {say('from')}
            <input
              type="date"
              required
              value={since}
              onInput={({ currentTarget }) => setSince(currentTarget.value)}
            />
          </label>
          <label>
            {say('toIfAny')}
            <input type="date" value={until} onInput={({ currentTarget }) => setUntil(currentTarget.value)} />
          </label>
        </>
      )}
      <button type="submit" class="button" disabled={action.isBusy}>
        {say('tryRun')}
      </button>
      <button type="submit" id={`${id}-run`} class="button strong" disabled={action.isBusy}>
        {say('runNow')}
      </button>
      {action.problem && <ProblemText problem={action.problem} />}
    </form>
  );
}
