import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program.ts';

export interface Run {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
}

/** The newest run, once it has ended: one that a crash interrupted is begun again at the next start. */
export async function newestRun(program: Program): Promise<Run | undefined> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { ingestRuns } = await program.graphql<{ ingestRuns: Run[] }>(
      '{ ingestRuns(first: 1) { id status attempt } }',
    );
    const [run] = ingestRuns;
    if (run === undefined || (run.status !== 'QUEUED' && run.status !== 'RUNNING')) return run;
    if (performance.now() > deadline) throw new Error(`a run is still ${run.status} after a minute`);
    await delay(50);
  }
}

/** Asks for a run, as a scheduler would after one that did not end well. */
export async function pullAgain(program: Program): Promise<void> {
  let last = '';
  for (let attempt = 1; attempt <= 10; attempt++) {
    const { triggerIngest } = await program.graphql<{ triggerIngest: { runs: { status: string }[] } }>(
      'mutation { triggerIngest(input: { wait: true }) { runs { status error { code message } } } }',
    );
    if (triggerIngest.runs[0]?.status === 'SUCCEEDED') return;
    last = JSON.stringify(triggerIngest.runs);
    await delay(500);
  }
  throw new Error(`no run succeeded: ${last}`);
}
