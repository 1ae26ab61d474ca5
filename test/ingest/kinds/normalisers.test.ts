import { expect, it } from 'vitest';
import { kinds } from '../../../src/ingest/kinds/kinds.ts';
import { acceptedDays, createNormalisers, HeldRepairs } from '../../../src/ingest/kinds/normalisers.ts';
import type { OpportunityRules } from '../../../src/records/opportunity.ts';
import { testRules } from '../../support/records.ts';

it('reads records by the rules of their source as they are now', () => {
  const rules = new Map<string, OpportunityRules>();
  const normalisers = createNormalisers({
    rulesOf: (_workspace, source) => rules.get(source) ?? testRules,
    retention: { DATA_RETENTION_DAYS: 20_000, EVENT_RETENTION_DAYS: 20_000, MAX_FUTURE_DAYS: 2 },
    clock: { now: () => Date.UTC(2025, 8, 1) },
  });
  const currencyOf = (source: string): unknown => {
    const raw = { date: '2025-08-01', campaign_id: 'C-1', channel: 'meta', clicks: 1, cost: 1 };
    const outcome = normalisers.normalise(
      'ad_performance',
      { workspace: 'default', source },
      raw,
      new HeldRepairs(),
      {
        make: () => '',
        isRepeatable: false,
      },
    );
    return 'record' in outcome && outcome.record.kind === 'ad_performance'
      ? outcome.record.record.currency
      : outcome;
  };
  expect([currencyOf('ads'), currencyOf('other')]).toEqual(['USD', 'USD']);
  rules.set('ads', { ...testRules, currency: 'EUR' });
  expect([currencyOf('ads'), currencyOf('other')]).toEqual(['EUR', 'USD']);
});

it('takes exchange rates of any age, and other records while they are kept', () => {
  const ages = { DATA_RETENTION_DAYS: 540, EVENT_RETENTION_DAYS: 30, MAX_FUTURE_DAYS: 2 };
  const now = Date.UTC(2025, 8, 1);
  const today = now / 86_400_000;
  expect(acceptedDays(kinds.ad_performance, ages, now)).toEqual({
    today,
    kept: { days: 540, by: 'DATA_RETENTION_DAYS' },
    maxFutureDays: 2,
  });
  const { normalise } = createNormalisers({
    rulesOf: () => testRules,
    retention: ages,
    clock: { now: () => now },
  });
  const reasonFor = (date: string): string | undefined => {
    const raw = { date, base: 'EUR', quote: 'USD', rate: 1.1 };
    const outcome = normalise(
      'exchange_rate',
      { workspace: 'default', source: 'x' },
      raw,
      new HeldRepairs(),
      {
        make: () => '',
        isRepeatable: false,
      },
    );
    return 'reject' in outcome ? outcome.reject.reason : undefined;
  };
  expect(['2000-01-03', '2025-09-03', '2025-09-04'].map(reasonFor)).toEqual([
    undefined,
    undefined,
    'in_the_future',
  ]);
});
