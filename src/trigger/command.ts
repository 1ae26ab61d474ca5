import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { CallFailure, type Client, createClient } from './client.ts';
import { type Ending, exitCodeOf } from './exit-code.ts';
import { type RunState, runQuestion, triggerQuestion } from './questions.ts';
import { readCall, type TriggerValues } from './read-call.ts';
import { findTargets } from './targets.ts';

const firstPollMs = 250;
const longestPollMs = 5_000;

interface FollowedRun extends RunState {
  readonly workspace: string;
}

/**
 * `utmql trigger`: starts runs on a running utmql and prints a line for each.
 *
 * @returns the exit code, one of `exitCodes`
 * @throws UsageError
 */
export async function runTrigger(
  values: TriggerValues,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const call = readCall(values, environment);
  const deadline = performance.now() + call.timeoutMs;
  const client = createClient({ endpoint: call.endpoint, key: call.key, deadline, say: complain });
  const endings: Ending[] = [];
  const noteFailure = (error: unknown): void => {
    if (!(error instanceof CallFailure)) throw error;
    complain(error.message);
    endings.push(error.kind);
  };
  const report = (run: FollowedRun): void => {
    process.stdout.write(`${lineOf(run)}\n`);
    if (isEnded(run)) endings.push(endingOf[run.status]);
    else if (call.waits) {
      endings.push('timeout');
      complain(`The run of ${run.source} has not ended within ${call.timeoutMs / 1_000} s. It goes on.`);
    }
  };

  const open = new Map<string, FollowedRun>();
  try {
    // A call without a key has one all the same: what it asks for again because an answer was lost, starts nothing twice.
    const idempotencyKey = call.idempotencyKey ?? `utmql-trigger:${uuidv7()}`;
    for (const { workspace, sources } of await findTargets(client, call)) {
      const input = { ...call.range, idempotencyKey, ...(sources && { sources }) };
      // What one workspace does not take keeps no other from being triggered.
      await client.ask(triggerQuestion, { input }, workspace).then(({ triggerIngest }) => {
        for (const run of triggerIngest.runs) open.set(run.id, { ...run, workspace });
      }, noteFailure);
    }
    if (call.waits) await follow(client, open, deadline, report);
  } catch (error) {
    noteFailure(error);
  }
  for (const run of open.values()) report(run);
  return exitCodeOf(endings);
}

/** Reports each run once it has ended, and takes it out of those that are open, until the deadline. */
async function follow(
  client: Client,
  open: Map<string, FollowedRun>,
  deadline: number,
  report: (run: FollowedRun) => void,
): Promise<void> {
  let pollMs = 0;
  while (open.size > 0 && performance.now() + pollMs < deadline) {
    await delay(pollMs);
    for (const { id, source, workspace } of open.values()) {
      const { ingestRun } = await client.ask(runQuestion, { id }, workspace);
      if (ingestRun === null)
        throw new CallFailure('unreachable', `The run ${id} of ${source} is not there any more.`);
      const run = { ...ingestRun, workspace };
      open.set(id, run);
      if (!isEnded(run)) continue;
      open.delete(id);
      report(run);
    }
    pollMs = Math.min(Math.max(firstPollMs, 2 * pollMs), longestPollMs);
  }
}

const endingOf = {
  SUCCEEDED: 'succeeded',
  PARTIAL: 'partial',
  HELD: 'held',
  FAILED: 'failed',
  CANCELLED: 'failed',
} as const satisfies Partial<Record<RunState['status'], Ending>>;

const isEnded = (run: FollowedRun): run is FollowedRun & { readonly status: keyof typeof endingOf } =>
  run.status in endingOf;

/** One line, whatever the error is. */
function lineOf({ source, workspace, status, recordsWritten, durationMs, ...run }: FollowedRun): string {
  const seconds = durationMs === null || durationMs === undefined ? '' : (durationMs / 1_000).toFixed(1);
  const { recordsRejected: count } = run;
  const rejected = count > 0 ? `${count} ${count === 1 ? 'record was' : 'records were'} rejected` : '';
  const error = run.error === null ? rejected : `${run.error.message} (${run.error.code})`;
  return `source=${source} workspace=${workspace} status=${status} rows=${recordsWritten} seconds=${seconds} error=${JSON.stringify(error)}`;
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
