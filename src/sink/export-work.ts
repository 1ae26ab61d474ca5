import { toUtmqlError, UtmqlError } from '../errors.ts';
import type { Work } from '../ingest/runs/executions.ts';
import type { IngestRun } from '../ingest/runs/run.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import type { WebhookSender } from '../webhooks/sender.ts';
import { pagesOf } from './pages.ts';
import { readQuestion } from './question.ts';
import type { ReadFigures } from './read-figures.ts';
import type { Revisions } from './revisions.ts';

/**
 * Makes the work of export runs: reads the figures, and sends their pages one after the other. A run tells the rows of the question
 * as read, those that the sink has as written, and the bytes of their pages.
 *
 * @param options.sender undefined: there is no sink, only dry runs end well
 */
export function createExportWork(options: {
  readFigures: ReadFigures;
  revisions: Revisions;
  sender: WebhookSender | undefined;
  pageRows: number;
  clock: Clock;
  logger: Logger;
}): Work {
  const { readFigures, revisions, sender, pageRows, clock } = options;
  return async (run, signal, report, lease) => {
    const { workspace, requestId } = run;
    const logger = options.logger.child({ runId: run.id, requestId });
    let state = run;
    const go = (changes: Partial<IngestRun>): void => {
      state = { ...state, ...changes };
      report(state);
    };
    const ended = (changes: Partial<IngestRun>): IngestRun => ({
      ...state,
      ...changes,
      finishedAt: clock.now(),
    });
    try {
      const question = readQuestion(run.question);
      const figures = await readFigures(question, { workspace, requestId, signal });
      const pages = pagesOf(workspace, question, figures, pageRows);
      go({ recordsRead: figures.rows.length });
      if (run.dryRun) {
        const sizes = Array.from({ length: pages.count }, (_, index) => bytesOf(pages.messageOf(index, 0)));
        return ended({ status: 'succeeded', bytesRead: sizes.reduce((sum, size) => sum + size, 0) });
      }
      if (sender === undefined) throw noSink();
      const { exportId, digest } = pages;
      const revision = await revisions.revisionOf({ workspace, exportId, digest, runId: run.id, requestId });
      for (let index = 0; index < pages.count; index += 1) {
        signal.throwIfAborted();
        if (!lease.isHeld()) throw lostLease();
        const message = pages.messageOf(index, revision);
        await sender.send(message, { signal, logger });
        go({
          recordsWritten: state.recordsWritten + pages.rowsOf(index),
          bytesRead: state.bytesRead + bytesOf(message),
        });
      }
      logger.info(
        { workspace, exportId, revision, pages: pages.count, rows: figures.rows.length },
        'figures were exported',
      );
      return ended({ status: 'succeeded' });
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      const failure = toUtmqlError(reason, 'The export failed for a reason that has been logged.');
      if (!signal.aborted) logger.warn({ err: error }, 'an export failed');
      const isPartial = state.bytesRead > 0;
      return ended({
        status: signal.aborted ? 'cancelled' : isPartial ? 'partial' : 'failed',
        errorCode: failure.code,
        errorMessage: isPartial
          ? `${failure.message} The sink has the pages before that; the same call sends all again, with the same ids.`
          : failure.message,
      });
    }
  };
}

const lostLease = (): UtmqlError =>
  new UtmqlError('STORE_UNAVAILABLE', 'Another process may export by now.', { retryable: true });

const bytesOf = ({ body }: { readonly body: string }): number => Buffer.byteLength(body);

export const noSink = (): UtmqlError =>
  new UtmqlError(
    'BAD_USER_INPUT',
    'There is no sink to export to: set SINK_URL and SINK_SECRET, or ask with dryRun.',
  );
