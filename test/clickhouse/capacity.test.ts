import { availableParallelism } from 'node:os';
import { expect, inject, it } from 'vitest';
import { readCapacity } from '../../src/clickhouse/capacity.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { UtmqlError } from '../../src/errors.ts';
import { testLimits } from '../support/database.ts';

it('asks the server for its cores, the threads of a query and its memory, where the user may know that', async () => {
  const store = createStore({
    ...inject('clickhouse'),
    database: 'default',
    maxConcurrency: 4,
    limits: testLimits,
  });
  try {
    // The engine of the tests: see `engine.ts` and `engine-config.ts`.
    const known = { cores: expect.any(Number), threads: 1 };
    const capacity = await readCapacity(store);
    expect(capacity).toEqual({ ...known, memoryBytes: 4 * 1_024 ** 3 });
    // Where the machine has very many, those that are two threads of one count once.
    expect(capacity.cores).toBeGreaterThanOrEqual(availableParallelism() / 2);
    expect(capacity.cores).toBeLessThanOrEqual(availableParallelism());
    const denying = (error: UtmqlError) => ({
      read: (...call: Parameters<typeof store.read>) =>
        call[0].compile().sql.includes('server_settings') ? Promise.reject(error) : store.read(...call),
    });
    const denied = new UtmqlError('STORE_UNAVAILABLE', 'The database user lacks a right.');
    expect(await readCapacity(denying(denied))).toEqual({ ...known, memoryBytes: undefined });
    const away = new UtmqlError('STORE_UNAVAILABLE', 'away', { retryable: true });
    await expect(readCapacity(denying(away))).rejects.toBe(away);
  } finally {
    await store.close();
  }
});
