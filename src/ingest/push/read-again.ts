import { z } from 'zod';
import { UtmqlError } from '../../errors.ts';
import { isObject } from '../../formats/json/parse.ts';
import { knownFields } from '../../records/contract.ts';
import type { Source } from '../../sources/source.ts';
import { kinds } from '../kinds/kinds.ts';
import type { StoredReject } from '../rejects/find-rejects.ts';
import type { RecordPatch } from './patch-record.ts';
import type { PushReading, PushReadings } from './push-reading.ts';

/** What stands in `reading` of records that were pulled: they are read again as their source reads them. */
export const readBySource = 'source';

/** Why records cannot be read again as they were pushed. */
interface NotAgain {
  readonly reject: { readonly reason: string; readonly field: string; readonly detail: string };
}

const parameters = z.record(z.string(), z.array(z.string()));

/** What rejected records that are read in one way have in common. */
export const readingKey = ({
  kind,
  reading,
  source,
}: Pick<StoredReject, 'kind' | 'reading' | 'source'>): string => JSON.stringify([kind, reading, source]);

type RejectReading = Pick<PushReading, 'map' | 'spread'> & Partial<Pick<PushReading, 'rules'>>;

export interface ReadAgainDeps {
  readonly readings: PushReadings;
  /** The source that has the name now, or had it. */
  readonly sourceOf: (workspace: string, name: string) => Source | undefined;
}

/** How the records are to be read that were pulled, or pushed with parameters, by `readingKey`. Ready to be used. */
export async function readingsOf(
  { readings, sourceOf }: ReadAgainDeps,
  stored: readonly StoredReject[],
  workspace: string,
): Promise<ReadonlyMap<string, RejectReading | NotAgain>> {
  const found = new Map<string, RejectReading | NotAgain>();
  for (const row of stored) {
    const key = readingKey(row);
    if (row.reading === '' || found.has(key)) continue;
    if (row.reading === readBySource) {
      const source = sourceOf(workspace, row.source);
      await source?.reading.load();
      found.set(key, source?.reading ?? goneSource(row.source));
      continue;
    }
    try {
      const given = parameters.parse(JSON.parse(row.reading));
      const reading = readings.of(row.kind, workspace, given);
      await reading?.load();
      if (reading !== undefined)
        found.set(key, reading.duplicates === 'sum' ? { reject: partOfSum } : reading);
    } catch (error) {
      if (!(error instanceof UtmqlError)) throw error;
      const detail = `It was pushed with parameters that cannot be followed any more: ${error.message} Put back what is missing, or push it again.`;
      found.set(key, { reject: { reason: 'mapping_unavailable', field: '', detail } });
    }
  }
  return found;
}

const goneSource = (name: string): NotAgain => ({
  reject: {
    reason: 'mapping_unavailable',
    field: '',
    detail: `The source ${name} is no longer configured, so nobody can say what its records mean. Put it back, or push the record.`,
  },
});

/** Alone it would take the place of the sum that the rest of its push or feed was stored as. */
export const partOfSum = {
  reason: 'part_of_sum',
  field: '',
  detail:
    'Rows with its key were summed (`duplicates: sum`), and this row alone would replace the sum. Send all of them again, with this one mended.',
};

/**
 * What a rejected record stands for, in the names of the contract.
 *
 * @param raw the record as it came, patched
 * @param patch holds of fields of the contract after the mapping, too
 */
export function readAgain(
  reading: RejectReading,
  { kind }: Pick<StoredReject, 'kind'>,
  raw: unknown,
  patch: RecordPatch | undefined,
): readonly unknown[] {
  const mapped = reading.map === undefined ? raw : reading.map(raw);
  if (!isObject(mapped) || !isObject(raw)) return [mapped];
  const record: Record<string, unknown> = { ...mapped };
  const known = knownFields(kind);
  for (const [name, value] of Object.entries(patch ?? {})) if (known.has(name)) record[name] = value;
  // What has no time of its own happened when it came.
  const { arrivalField } = kinds[kind];
  if (arrivalField !== undefined) record[arrivalField] ??= raw[arrivalField];
  return reading.spread?.(raw, record) ?? [record];
}
