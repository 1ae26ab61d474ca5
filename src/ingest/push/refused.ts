import { isRefusedValue } from '../../clickhouse/errors.ts';
import { isAway } from '../../clickhouse/guarded-store.ts';
import { UtmqlError } from '../../errors.ts';

/** How many failed attempts may look for the records that an unclear error is about, before it is taken for an outage. */
const maxUnclearFailures = 64;

/** A record that the store takes from nobody. */
export interface Refused<T> {
  readonly entry: T;
  readonly error: unknown;
}

/**
 * Writes entries; where the store refuses them for good, halves them until the ones that are to blame stand alone. The
 * rest is written. Of an error that may have nothing to do with the data (a missing table, say), entries are blamed
 * only when others got through, and they fail once more after those.
 *
 * @throws whatever `write` throws when the store is away, or when everything is refused for a reason that need not be the data
 */
export async function writeOrRefuse<T>(
  entries: readonly T[],
  write: (entries: readonly T[]) => Promise<void>,
): Promise<readonly Refused<T>[]> {
  const refused: Refused<T>[] = [];
  let unclearFailures = 0;

  const attempt = async (part: readonly T[]): Promise<void> => {
    try {
      await write(part);
    } catch (error) {
      if (isAway(error) || isCancelled(error)) throw error;
      if (!isRefusedValue(error) && ++unclearFailures > maxUnclearFailures) throw error;
      const [only] = part;
      if (part.length === 1 && only !== undefined) {
        refused.push({ entry: only, error });
        return;
      }
      const middle = Math.ceil(part.length / 2);
      await attempt(part.slice(0, middle));
      await attempt(part.slice(middle));
    }
  };

  /** Tries one that an unclear error stands against once more: what was wrong may have passed. */
  const attemptAgain = async (suspect: Refused<T>): Promise<Refused<T> | undefined> => {
    if (isRefusedValue(suspect.error)) return suspect;
    try {
      await write([suspect.entry]);
      return undefined;
    } catch (error) {
      if (isAway(error) || isCancelled(error)) throw error;
      return { entry: suspect.entry, error };
    }
  };

  if (entries.length > 0) await attempt(entries);
  const unclear = refused.find(({ error }) => !isRefusedValue(error));
  if (unclear !== undefined && refused.length === entries.length) throw unclear.error;
  const still: Refused<T>[] = [];
  for (const suspect of refused) {
    const again = await attemptAgain(suspect);
    if (again !== undefined) still.push(again);
  }
  return still;
}

const isCancelled = (error: unknown): boolean => error instanceof UtmqlError && error.code === 'CANCELLED';
