import DataLoader from 'dataloader';
import type { Day } from '../../records/day.ts';
import type { IngestRun } from './run.ts';
import type { NamedSource, RunFilter, RunRepository } from './run-table.ts';

/** Runs of one workspace, as one operation reads them. */
export interface RunReads {
  find(id: string): Promise<IngestRun | undefined>;
  list(filter: RunFilter): Promise<IngestRun[]>;
  watermark(source: NamedSource): Promise<Day | undefined>;
  columns(source: NamedSource): Promise<IngestRun['columns']>;
  /** How many rejected records of a run are open. The runs of one page are read together. */
  openRejects(runId: string): Promise<number>;
  /** Is read once, however often a request asks for it. */
  freshness(): Promise<number | undefined>;
}

export function createRunReads(options: {
  /** On the store of the operation. */
  runs: RunRepository;
  workspace: string;
  /** Counts the open rejected records of these runs. */
  openRejects: (runIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}): RunReads {
  const { runs, workspace } = options;
  const openRejects = new DataLoader<string, number>(
    async (runIds) => {
      const counts = await options.openRejects(runIds);
      return runIds.map((id) => counts.get(id) ?? 0);
    },
    // A subscription asks of the same run again.
    { cache: false },
  );
  let freshness: Promise<number | undefined> | undefined;
  return {
    find: (id) => runs.find(workspace, id),
    list: (filter) => runs.list(workspace, filter),
    watermark: (source) => runs.watermark(source),
    columns: (source) => runs.columns(source),
    openRejects: (runId) => openRejects.load(runId),
    freshness() {
      freshness ??= runs.freshness(workspace);
      return freshness;
    },
  };
}
