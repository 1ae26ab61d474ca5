import { uuidv7 } from 'uuidv7';
import type { Requester } from '../access/caller.ts';
import type { Leases } from '../clickhouse/leases/leases.ts';
import { UtmqlError } from '../errors.ts';
import type { Executions, Work } from '../ingest/runs/executions.ts';
import { createRunFollower } from '../ingest/runs/follow.ts';
import { type IngestRun, isFinished, newRun } from '../ingest/runs/run.ts';
import type { RunRepository } from '../ingest/runs/run-table.ts';
import { sinkSource } from '../records/names.ts';
import type { Clock } from '../time.ts';
import { noSink } from './export-work.ts';
import { type ExportQuestion, exportIdOf, writeQuestion } from './question.ts';

/** What an export is asked with. */
interface ExportInput {
  readonly question: ExportQuestion;
  /** Reads and counts, and sends nothing. */
  readonly dryRun: boolean;
  readonly wait: boolean;
  /** Starts no second run with the same key. Undefined: a call gets the run that is at work on the same. */
  readonly key?: string;
}

/** An export, and its run as it is now. */
export interface MetricsExport {
  readonly exportId: string;
  readonly question: ExportQuestion;
  readonly run: IngestRun;
  /** Messages; undefined until the figures are read. */
  readonly pages: number | undefined;
}

/** Exports figures to the sink: each export is a run of the source `sink`. */
export interface MetricsExports {
  /** Dimensions and measures where nobody says which. */
  readonly defaults: Pick<ExportQuestion, 'groupBy' | 'measures'>;
  /** @throws UtmqlError BAD_USER_INPUT without a sink */
  start(input: ExportInput, caller: Requester): Promise<MetricsExport>;
  stop(): void;
}

export function createExports(options: {
  work: Work;
  runs: RunRepository;
  executions: Executions;
  leases: Leases;
  defaults: MetricsExports['defaults'];
  hasSink: boolean;
  pageRows: number;
  clock: Clock;
}): MetricsExports {
  const { work, runs, executions, leases, hasSink, pageRows, clock } = options;
  const stopping = new AbortController();
  const follower = createRunFollower({ runs, executions, stopping: stopping.signal });

  const find = async (
    input: ExportInput,
    text: string,
    workspace: string,
  ): Promise<IngestRun | undefined> => {
    if (input.key !== undefined) return (await runs.findByIdempotencyKey(workspace, input.key)).find(isKept);
    const matches = (run: IngestRun): boolean =>
      run.source === sinkSource &&
      run.workspace === workspace &&
      run.dryRun === input.dryRun &&
      run.question === text;
    const here = await executions.find(matches);
    return here ?? (await runs.unfinished()).find((run) => run.owner !== leases.owner && matches(run));
  };

  return {
    defaults: options.defaults,
    async start(input, caller) {
      if (!hasSink && !input.dryRun) throw noSink();
      if (stopping.signal.aborted)
        throw new UtmqlError('STORE_UNAVAILABLE', 'The server is shutting down; call again shortly.', {
          retryable: true,
        });
      const { question } = input;
      const { workspace } = caller;
      const text = writeQuestion(question);
      // Under a lease: of two calls at the same time the second gets the run of the first.
      const started = await leases.runExclusive(`exports:${workspace}`, async () => {
        const same = await find(input, text, workspace);
        if (same !== undefined) return same;
        const run = newRun({
          id: uuidv7(),
          workspace,
          triggerId: uuidv7(),
          idempotencyKey: input.key ?? '',
          source: sinkSource,
          mode: 'upsert',
          dryRun: input.dryRun,
          question: text,
          requestedBy: caller.name,
          requestId: caller.requestId,
          owner: leases.owner,
          since: question.range.from,
          until: question.range.to,
          createdAt: clock.now(),
        });
        return executions.start(run, work);
      });
      const run = await follower.present(started, input.wait);
      const isRead = run.recordsRead > 0 || run.status === 'succeeded';
      return {
        exportId: exportIdOf(workspace, question),
        question,
        run,
        pages: isRead ? Math.max(1, Math.ceil(run.recordsRead / pageRows)) : undefined,
      };
    },
    stop: () => stopping.abort(),
  };
}

/** Whether a run of a key stands: one that a repeat may mend does not. */
const isKept = (run: IngestRun): boolean => !isFinished(run) || !mayEndBetter(run);

/** Whether the same export again may end better without anybody changing anything. */
export const mayEndBetter = ({ status, errorCode }: Pick<IngestRun, 'status' | 'errorCode'>): boolean =>
  status === 'cancelled' || ((status === 'failed' || status === 'partial') && passingCodes.has(errorCode));

const passingCodes: ReadonlySet<string> = new Set([
  'WEBHOOK_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'OVERLOADED',
  'TIMEOUT',
  'CANCELLED',
  'INTERRUPTED',
]);
