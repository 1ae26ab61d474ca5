import { ClickHouseError } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { classifyStoreError, retryWhileAway } from '../../src/clickhouse/errors.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { testLimits } from '../support/database.ts';

const told = (type: string, message = 'more than it can'): ClickHouseError =>
  new ClickHouseError({ code: '1', type, message });
const memory = (message: string): ClickHouseError => told('MEMORY_LIMIT_EXCEEDED', message);
const overloaded = { code: 'OVERLOADED', retryable: true, retryAfterSeconds: 5 };
const tooExpensive = { code: 'QUERY_TOO_EXPENSIVE', retryable: false };

describe('what the server has too little of is no fault of the query', () => {
  it.each([
    ['too many queries', told('TOO_MANY_SIMULTANEOUS_QUERIES'), overloaded],
    ['a busy processor', told('SERVER_OVERLOADED'), overloaded],
    [
      'memory of the server',
      memory('(total) memory limit exceeded: would use 781.63 MiB, maximum: 700.00 MiB'),
      overloaded,
    ],
    ['memory of the server (25.3)', memory('Memory limit (total) exceeded: would use 4.00 GiB'), overloaded],
    ['memory of the user', memory('User memory limit exceeded: would use 320.00 MiB'), overloaded],
    ['memory of the user (25.3)', memory('Memory limit (for user) exceeded: would use 1.00 GiB'), overloaded],
    ['memory of the query', memory('Query memory limit exceeded: would use 99.54 MiB'), tooExpensive],
    [
      'memory of the query (25.3)',
      memory('Memory limit (for query) exceeded: would use 1.00 GiB'),
      tooExpensive,
    ],
    ['rows', told('TOO_MANY_ROWS'), tooExpensive],
  ])('%s', (_, error, expected) => {
    expect(classifyStoreError(error)).toMatchObject(expected);
  });
});

it('a call is repeated at once when there were too many, and not when memory was too little', async () => {
  const attemptsWith = async (error: ClickHouseError): Promise<number> => {
    let attempts = 0;
    const work = async (attempt: number): Promise<void> => {
      attempts += 1;
      if (attempt === 0) throw error;
    };
    await retryWhileAway(work).catch(() => undefined);
    return attempts;
  };
  expect(await attemptsWith(told('TOO_MANY_SIMULTANEOUS_QUERIES'))).toBe(2);
  expect(await attemptsWith(memory('(total) memory limit exceeded'))).toBe(1);
  expect(await attemptsWith(told('SERVER_OVERLOADED'))).toBe(1);
});

describe('the server', () => {
  let store: Store;
  beforeAll(() => {
    store = createStore({
      ...inject('clickhouse'),
      database: 'default',
      maxConcurrency: 4,
      limits: testLimits,
    });
  });
  afterAll(() => store.close());

  it('refuses a query that is one too many', async () => {
    const leaving = new AbortController();
    const queryIdPrefix = `slow-${Math.random()}-`;
    const slow = store.read(sql`SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1`, {
      signal: leaving.signal,
      queryIdPrefix,
    });
    const settings = { max_concurrent_queries_for_all_users: '1' };
    await expect
      .poll(() => store.read(sql`SELECT 1`, { settings }).then(undefined, (error: unknown) => error))
      .toMatchObject(overloaded);
    leaving.abort();
    await expect(slow).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
