import type { Queries } from '../../admission/admission.ts';
import type { Day } from '../../records/day.ts';
import type { IngestRun } from './run.ts';
import type { NamedSource, RunFilter, RunRepository } from './run-table.ts';

/**
 * Runs of one workspace, as one operation reads them: the reads wait for their turns, and end with it.
 */
export interface RunReads {
  find(id: string): Promise<IngestRun | undefined>;
  list(filter: RunFilter): Promise<IngestRun[]>;
  watermark(source: NamedSource): Promise<Day | undefined>;
  columns(source: NamedSource): Promise<IngestRun['columns']>;
  /** Is read once, however often a request asks for it. */
  freshness(): Promise<number | undefined>;
}

export function createRunReads(options: {
  runs: RunRepository;
  workspace: string;
  queries: Queries;
}): RunReads {
  const { runs, workspace, queries } = options;
  let freshness: Promise<number | undefined> | undefined;
  return {
    find: (id) => queries.run((call) => runs.find(workspace, id, call)),
    list: (filter) => queries.run((call) => runs.list(workspace, filter, call)),
    watermark: (source) => queries.run((call) => runs.watermark(source, call)),
    columns: (source) => queries.run((call) => runs.columns(source, call)),
    freshness() {
      freshness ??= queries.run((call) => runs.freshness(workspace, call));
      return freshness;
    },
  };
}
