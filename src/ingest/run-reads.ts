import type { Semaphore } from 'async-mutex';
import type { Day } from '../records/day.ts';
import type { IngestRun } from './run.ts';
import type { RunFilter, RunRepository } from './run-repository.ts';

/**
 * Runs of one workspace, as one request reads them: cancelled when its caller leaves, and waiting for one of the slots that
 * all requests share.
 */
export interface RunReads {
  find(id: string): Promise<IngestRun | undefined>;
  list(filter: RunFilter): Promise<IngestRun[]>;
  watermark(source: string): Promise<Day | undefined>;
  /** Is read once, however often a request asks for it. */
  freshness(): Promise<number | undefined>;
}

export function createRunReads(options: {
  runs: RunRepository;
  workspace: string;
  requestId: string;
  signal: AbortSignal;
  slots: Semaphore;
}): RunReads {
  const { runs, workspace, requestId, signal, slots } = options;
  const call = { requestId, signal };
  let freshness: Promise<number | undefined> | undefined;
  return {
    find: (id) => slots.runExclusive(() => runs.find(workspace, id, call)),
    list: (filter) => slots.runExclusive(() => runs.list(workspace, filter, call)),
    watermark: (source) => slots.runExclusive(() => runs.watermark(workspace, source, call)),
    freshness() {
      freshness ??= slots.runExclusive(() => runs.freshness(workspace, call));
      return freshness;
    },
  };
}
