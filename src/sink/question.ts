import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DayRange } from '../metrics/query.ts';
import type { AskedDimension, MeasureName } from '../metrics/registry.ts';

/** What an export asks: the rows of `metrics` with these arguments, of all channels. Callers who may see some only cannot export. */
export interface ExportQuestion {
  readonly range: DayRange;
  readonly groupBy: readonly AskedDimension[];
  readonly measures: readonly MeasureName[];
}

const names = <Name extends string>() => z.array(z.custom<Name>((value) => typeof value === 'string'));

/** As `writeQuestion` has written it: names were checked when it was asked. */
const stored = z.object({
  range: z.object({ from: z.int(), to: z.int() }),
  groupBy: names<AskedDimension>(),
  measures: names<MeasureName>(),
});

export const writeQuestion = ({ range, groupBy, measures }: ExportQuestion): string =>
  JSON.stringify({ range: { from: range.from, to: range.to }, groupBy, measures });

export const readQuestion = (text: string): ExportQuestion => stored.parse(JSON.parse(text));

/** Equal for exports of one question in one workspace, of which a newer one replaces an older one. */
export const exportIdOf = (workspace: string, question: ExportQuestion): string =>
  `exp_${digestOf([workspace, writeQuestion(question)])}`;

/** A short digest of texts, for ids. */
export const digestOf = (texts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 32);
