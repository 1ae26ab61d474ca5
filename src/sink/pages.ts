import { fieldOf } from '../metrics/registry.ts';
import { formatDay } from '../records/day.ts';
import type { WebhookMessage } from '../webhooks/signature.ts';
import { digestOf, type ExportQuestion, exportIdOf } from './question.ts';

/** A row as it is sent: dimensions, then measures, by the names of `metrics`. */
export type ExportRow = Readonly<Record<string, string | number | null>>;

/** All that one question was answered with. */
export interface ExportFigures {
  readonly rows: readonly ExportRow[];
  /** The measures over all rows. */
  readonly totals: ExportRow;
  /** What money is in; null: in the currency of the records. */
  readonly currency: string | null;
}

/** The pages of an export. */
export interface ExportPages {
  readonly exportId: string;
  /** Equal for the same pages of the same question. */
  readonly digest: string;
  /** At least 1: of no rows, one that says so. */
  readonly count: number;
  /** @param index from 0 */
  rowsOf(index: number): number;
  /** @param index from 0 */
  messageOf(index: number, revision: number): WebhookMessage;
}

/** Splits figures into pages of at most `pageRows` rows. */
export function pagesOf(
  workspace: string,
  question: ExportQuestion,
  { rows, totals, currency }: ExportFigures,
  pageRows: number,
): ExportPages {
  const exportId = exportIdOf(workspace, question);
  const count = Math.max(1, Math.ceil(rows.length / pageRows));
  const { range, groupBy, measures } = question;
  const sliceOf = (index: number): readonly ExportRow[] =>
    rows.slice(index * pageRows, (index + 1) * pageRows);
  const contentOf = (index: number) => ({
    page: index + 1,
    pages: count,
    rowCount: rows.length,
    range: { from: formatDay(range.from), to: formatDay(range.to) },
    groupBy: groupBy.map(fieldOf),
    measures: measures.map(fieldOf),
    currency,
    rows: sliceOf(index),
    ...(index === count - 1 && { totals }),
  });
  const digests = Array.from({ length: count }, (_, index) => digestOf([JSON.stringify(contentOf(index))]));
  return {
    exportId,
    digest: digestOf(digests),
    count,
    rowsOf: (index) => sliceOf(index).length,
    messageOf: (index, revision) => ({
      id: `msg_${digestOf([exportId, String(revision), String(index), digests[index] ?? ''])}`,
      body: JSON.stringify({
        type: 'metrics.export',
        timestamp: new Date(revision).toISOString(),
        data: { workspace, exportId, revision, ...contentOf(index) },
      }),
    }),
  };
}
