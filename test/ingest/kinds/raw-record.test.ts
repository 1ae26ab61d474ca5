import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KindRecord } from '../../../src/ingest/kinds/kinds.ts';
import { createNormalisers, HeldRepairs } from '../../../src/ingest/kinds/normalisers.ts';
import { toRawRecord } from '../../../src/ingest/kinds/raw-record.ts';
import { decodePayload, encodePayload } from '../../../src/ingest/push/payload.ts';
import type { RecordKind } from '../../../src/records/contract.ts';
import { createMissingTextTest } from '../../../src/records/missing-values.ts';
import { testRules } from '../../support/records.ts';

const { normalise } = createNormalisers({
  rulesOf: () => testRules,
  retention: { DATA_RETENTION_DAYS: 20_000, EVENT_RETENTION_DAYS: 20_000, MAX_FUTURE_DAYS: 60_000 },
  clock: { now: () => Date.UTC(2026, 0, 1) },
});
const accept = (kind: RecordKind, raw: unknown): KindRecord => {
  const outcome = normalise(kind, { workspace: 'default', source: 'push' }, raw, new HeldRepairs(), {
    make: () => 'made',
    isRepeatable: false,
  });
  if ('reject' in outcome) throw new Error(outcome.reject.detail);
  return outcome.record;
};

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('Ünï 🙂', ' a  b ', '{{x}}', 'null'));
// A word for nothing is no id.
const isGap = createMissingTextTest(undefined);
const id = text.filter((value) => value.trim() !== '' && !isGap(value.trim()));
const utm = { utm_campaign: text, utm_source: text, utm_term: fc.option(text) };
const money = fc.integer({ min: -5, max: 1e9 }).map((value) => value / 1_000);
const instant = fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2100, 0, 1) });
const unknowns = { made_up: fc.option(fc.jsonValue({ maxDepth: 2 })) };
const raws: Record<RecordKind, fc.Arbitrary<unknown>> = {
  ad_performance: fc.record({
    date: instant,
    campaign_id: id,
    channel: text,
    ad_id: fc.option(text),
    clicks: fc.nat(),
    cost: money,
    updated_at: fc.option(instant),
    ...utm,
    ...unknowns,
  }),
  opportunity: fc.record({
    opportunity_id: id,
    created_at: instant,
    stage: text,
    amount: money,
    ...utm,
    ...unknowns,
  }),
  event: fc.record({
    event_id: fc.option(id),
    timestamp: instant,
    service: text,
    message: text,
    metadata: fc.option(fc.dictionary(fc.string({ maxLength: 5 }), fc.nat(), { maxKeys: 3 })),
    ...utm,
    ...unknowns,
  }),
  exchange_rate: fc.record({
    date: instant,
    base: fc.constantFrom('EUR', ' eur '),
    quote: fc.constantFrom('USD', 'jpy'),
    rate: fc.oneof(
      fc.double({ min: 1e-17, max: 1e18, noNaN: true }),
      fc.constantFrom('1051e-3', '0.123456789012345678', '12345678901234567.000000000000000005'),
    ),
    updated_at: fc.option(instant),
    ...unknowns,
  }),
};

/** Unknown fields as who reads them sees them: of two members whose names were addresses, and now are one, the last counts. */
const readable = ({ kind, record }: KindRecord) => ({
  kind,
  record: { ...record, extra: record.extra === '' ? '' : JSON.parse(record.extra) },
});

it.each(
  Object.entries(raws),
)('a normalised %s as it could have been sent is normalised to itself', (kind, raw) => {
  fc.assert(
    fc.property(raw, (given) => {
      const entry = accept(kind as RecordKind, given);
      expect(readable(accept(kind as RecordKind, toRawRecord(entry)))).toEqual(readable(entry));
    }),
  );
});

it.each(Object.entries(raws))('a %s comes out of the buffer as it went in', (kind, raw) => {
  fc.assert(
    fc.property(raw, (given) => {
      const payload = { ...accept(kind as RecordKind, given), workspace: 'w', source: 'push', version: 17 };
      expect(decodePayload(encodePayload(payload))).toEqual(JSON.parse(JSON.stringify(payload)));
    }),
  );
});

it.each(['', '{', '[]', 'null', '{"kind":"other"}'])('what is no payload is told: %j', (text) => {
  expect(decodePayload(Buffer.from(text))).toBeUndefined();
});
