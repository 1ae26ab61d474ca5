import { expect, it } from 'vitest';
import { createNormalisers, HeldRepairs } from '../../../src/ingest/kinds/normalisers.ts';
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
