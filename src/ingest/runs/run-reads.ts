import type { Day } from '../../records/day.ts';
import type { IngestRun } from './run.ts';
import type { NamedSource, RunFilter, RunRepository } from './run-table.ts';

/** Runs of one workspace, as one operation reads them. */
export interface RunReads {
  find(id: string): Promise<IngestRun | undefined>;
  list(filter: RunFilter): Promise<IngestRun[]>;
  watermark(source: NamedSource): Promise<Day | undefined>;
  columns(source: NamedSource): Promise<IngestRun['columns']>;
  /** Is read once, however often a request asks for it. */
  freshness(): Promise<number | undefined>;
}

export function createRunReads(options: {
  /** On the store of the operation. */
  runs: RunRepository;
  workspace: string;
}): RunReads {
  const { runs, workspace } = options;
  let freshness: Promise<number | undefined> | undefined;
  return {
    find: (id) => runs.find(workspace, id),
    list: (filter) => runs.list(workspace, filter),
    watermark: (source) => runs.watermark(source),
    columns: (source) => runs.columns(source),
    freshness() {
      freshness ??= runs.freshness(workspace);
      return freshness;
    },
  };
}
