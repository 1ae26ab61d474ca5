import { ClickHouseError } from '@clickhouse/client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyStoreError } from '../../../src/clickhouse/errors.ts';
import { UtmqlError } from '../../../src/errors.ts';
import { writeOrRefuse } from '../../../src/ingest/push/refused.ts';

const refusal = (type: string): UtmqlError =>
  classifyStoreError(new ClickHouseError({ message: 'refused', code: '1', type }));
const aboutData = refusal('VIOLATED_CONSTRAINT');
const unclear = refusal('UNKNOWN_TABLE');

/** Writes all but the bad ones, a batch at a time like ClickHouse: all or nothing. */
function storeRefusing(bad: ReadonlySet<number>, error: unknown) {
  const stored: number[] = [];
  let calls = 0;
  return {
    stored,
    calls: () => calls,
    write: async (part: readonly number[]): Promise<void> => {
      calls += 1;
      if (part.some((entry) => bad.has(entry))) throw error;
      stored.push(...part);
    },
  };
}

describe('writeOrRefuse', () => {
  it.each([
    ['an error about the data', aboutData],
    ['an unclear error', unclear],
  ])('finds exactly the bad ones, and stores the others in their order (%s)', async (_name, error) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 200 }),
        fc.array(fc.nat(199), { maxLength: 3 }),
        async (count, some) => {
          const bad = new Set(some.filter((entry) => entry < count - 1));
          const entries = Array.from({ length: count }, (_, index) => index);
          const store = storeRefusing(bad, error);
          const refused = await writeOrRefuse(entries, store.write);
          expect(refused.map(({ entry }) => entry)).toEqual([...bad].sort((a, b) => a - b));
          expect(store.stored).toEqual(entries.filter((entry) => !bad.has(entry)));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses a single record for an error about its data, but not for an unclear one', async () => {
    const one = storeRefusing(new Set([0]), aboutData);
    expect(await writeOrRefuse([0], one.write)).toHaveLength(1);
    const other = storeRefusing(new Set([0]), unclear);
    await expect(writeOrRefuse([0], other.write)).rejects.toBe(unclear);
  });

  it('blames no record for an unclear error that passes while the others are written', async () => {
    const stored: number[] = [];
    let failures = 4;
    const write = async (part: readonly number[]): Promise<void> => {
      // The whole, the first half, the first quarter, the first entry.
      if (failures-- > 0) throw unclear;
      stored.push(...part);
    };
    expect(await writeOrRefuse([0, 1, 2, 3, 4, 5, 6, 7], write)).toEqual([]);
    expect(stored).toEqual([1, 2, 3, 4, 5, 6, 7, 0]);
  });

  it('takes an unclear error of everything for an outage, without asking for each record', async () => {
    const entries = Array.from({ length: 5_000 }, (_, index) => index);
    const store = storeRefusing(new Set(entries), unclear);
    await expect(writeOrRefuse(entries, store.write)).rejects.toBe(unclear);
    expect(store.calls()).toBeLessThan(100);
  });

  it.each([
    ['away', new UtmqlError('STORE_UNAVAILABLE', 'away', { retryable: true })],
    ['refusing the login', new UtmqlError('STORE_UNAVAILABLE', 'login')],
    ['cancelled', new UtmqlError('CANCELLED', 'cancelled')],
  ])('throws at once when the store is %s', async (_name, error) => {
    const store = storeRefusing(new Set([3]), error);
    await expect(writeOrRefuse([1, 2, 3], store.write)).rejects.toBe(error);
    expect(store.calls()).toBe(1);
  });
});
