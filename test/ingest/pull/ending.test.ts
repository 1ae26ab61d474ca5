import { expect, it } from 'vitest';
import { UtmqlError } from '../../../src/errors.ts';
import { endingOf } from '../../../src/ingest/pull/ending.ts';
import type { IngestRun } from '../../../src/ingest/runs/run.ts';

const run = { dryRun: false } as IngestRun;
const away = new UtmqlError('SOURCE_UNAVAILABLE', 'It is away.', { retryable: true });
const wrong = new UtmqlError('SOURCE_REFUSED', 'Check its credentials.');
const cancelled = new UtmqlError('CANCELLED', 'The run was cancelled.');

it.each([
  ['away', away, false, 'failed', 'It is away. The same call can succeed later. Nothing was changed.'],
  [
    'away',
    away,
    true,
    'partial',
    'It is away. What came before is stored; the same call again completes it.',
  ],
  ['wrong', wrong, false, 'failed', 'Check its credentials. Nothing was changed.'],
  [
    'wrong',
    wrong,
    true,
    'partial',
    'Check its credentials. What came before is stored; once this is set right, the same call completes it.',
  ],
  ['cancelled', cancelled, false, 'cancelled', 'The run was cancelled. Nothing was changed.'],
  [
    'cancelled',
    cancelled,
    true,
    'cancelled',
    'The run was cancelled. What came before is stored; the same call again completes it.',
  ],
] as const)('a run whose source is %s promises that repeating helps only where it does', (_, failure, hasStored, status, message) => {
  const ending = endingOf(run, { failure, loss: '', hasStored, isIncomplete: false });
  expect(ending).toEqual({ status, error: { code: failure.code, message } });
  expect(
    endingOf({ ...run, dryRun: true }, { failure, loss: '', hasStored, isIncomplete: false }).error?.message,
  ).toBe(failure.message);
});
