import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordSchemaFiles } from '../../src/docs/record-schemas.ts';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { contracts, fieldsOf, type RecordKind, recordKinds } from '../../src/records/contract.ts';
import type { FieldFormat } from '../../src/records/contract-field.ts';
import { createEventNormaliser } from '../../src/records/event.ts';
import { createExchangeRateNormaliser } from '../../src/records/exchange-rate.ts';
import { jsonSchemaOf } from '../../src/records/json-schema.ts';
import { createOpportunityNormaliser } from '../../src/records/opportunity.ts';
import { type Outcome, Repairs } from '../../src/records/outcome.ts';
import { testRules } from '../support/records.ts';

const rules = {
  ...testRules,
  dateFormats: ['MM/DD/YYYY'],
  now: () => Date.UTC(2026, 0, 1),
  makeId: () => 'made',
} as const;
const normalisers: Record<
  RecordKind,
  (raw: unknown, repairs: Repairs) => Outcome<{ readonly extra: string }>
> = {
  ad_performance: createAdPerformanceNormaliser(rules),
  opportunity: createOpportunityNormaliser(rules),
  event: createEventNormaliser(rules),
  exchange_rate: createExchangeRateNormaliser(rules),
};
const accepts = (kind: RecordKind, raw: unknown): boolean =>
  'record' in normalisers[kind](raw, new Repairs());

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const validators = new Map<RecordKind, ValidateFunction>(
  recordKinds.map((kind) => [kind, ajv.compile(jsonSchemaOf(kind))]),
);
const isValid = (kind: RecordKind, raw: unknown): boolean => validators.get(kind)?.(raw) === true;

/** Values that a field of each format may come with: those of good feeds, of careless ones and of broken ones. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', 'Google  Ads', '{{x}}', '12'),
);
const instant = fc.oneof(
  fc.constantFrom(
    '2025-08-01',
    '2025/08/01',
    '2025-08-01T10:00:00.123Z',
    '2025-08-01 10:00:00',
    ' 2025-08-01 10:00+0200 ',
  ),
  fc.constantFrom('1754042400000', '8/1/2025', '08/13/2025', '13/08/2025', '2025-13-01', 'soon', ''),
  fc.constantFrom('2025-08-01 9:05 pm', '2025-08-01 10:00:00.1234567890 UTC', '8/1/2025 10:00', 'null', '-'),
  fc.integer({ min: Date.UTC(1999, 0), max: Date.UTC(2149, 5) }),
);
const figure = fc.oneof(
  fc.integer({ min: -5, max: 2_000 }),
  fc.double({ min: -1, max: 2e12 }),
  fc.constantFrom('', '12', ' 12.50 ', '1e3', '.5', '-3', '1,234.50', 'NaN', 2 ** 53),
  fc.constantFrom('$350.75', '12.50 USD', '(3.5)', '−3', 'N/A', '--', '2.662', 'kr 5'),
);
const values: Record<FieldFormat, fc.Arbitrary<unknown>> = {
  version: fc.constantFrom('1.0', '1', 1, 1.5, '2.0', 2, 'x', ''),
  identifier: fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(2 ** 60)),
  label: fc.oneof(text, fc.integer(), fc.constant(-(2 ** 60))),
  text: fc.oneof(text, fc.integer(), fc.constant('x'.repeat(16_385))),
  day: instant,
  instant,
  count: figure,
  money: figure,
  quantity: figure,
  rate: figure,
  currency: fc.constantFrom('USD', ' eur ', 'dollars', '', 'U$D', 'N/A'),
  flag: fc.oneof(
    fc.boolean(),
    fc.constantFrom('TRUE', ' no ', 'Yes', '0', 1, 2, -1, 0.5, 'maybe', '', 'N/A', null),
  ),
  breakdowns: fc.oneof(
    fc.dictionary(
      fc.constantFrom('country', 'device', 'hour_of_day', 'Device', '1st'),
      fc.oneof(text, fc.integer(), fc.constantFrom(null, {})),
    ),
    fc.constantFrom('{"country":"DE"}', '{"Land":"DE"}', '', 'DE', [], null, 1),
  ),
  measures: fc.oneof(
    fc.dictionary(
      fc.constantFrom('video_views', 'likes', 'Likes', '1st'),
      fc.oneof(figure, fc.constant(null)),
    ),
    fc.constantFrom('{"likes":3}', '{"Likes":3}', '', 'many', [], null, 1),
  ),
  object: fc.oneof(fc.dictionary(text, fc.jsonValue({ maxDepth: 1 })), fc.constantFrom('{"a":1}', '', [1])),
};

/** The example of a kind with a few of its fields changed: to values of their format, to nothing or to anything. */
const recordOf = (kind: RecordKind): fc.Arbitrary<unknown> => {
  const change = fc
    .constantFrom(...fieldsOf(kind))
    .chain(([name, { format }]) =>
      fc
        .oneof(
          { weight: 8, arbitrary: values[format] },
          { weight: 2, arbitrary: fc.constantFrom(null, undefined) },
          { weight: 1, arbitrary: fc.jsonValue() },
        )
        .map((value) => [name, value] as const),
    );
  return fc
    .array(change, { maxLength: 4 })
    .map((changes) => ({ ...contracts[kind].examples[0], ...Object.fromEntries(changes) }));
};

describe('the JSON Schemas of the records', () => {
  it('are committed as `npm run docs` writes them', () => {
    const folder = new URL('../../schema/records/', import.meta.url);
    expect(readdirSync(folder).sort()).toEqual(
      recordSchemaFiles()
        .map(({ name }) => name)
        .sort(),
    );
    for (const { name, text: content } of recordSchemaFiles()) {
      expect(readFileSync(new URL(name, folder), 'utf8'), name).toBe(content);
    }
  });

  it.each(
    recordKinds,
  )('give examples that are valid, and accepted with nothing but missing UTM values: %s', (kind) => {
    for (const example of contracts[kind].examples) {
      expect(isValid(kind, example), ajv.errorsText(validators.get(kind)?.errors)).toBe(true);
      const repairs = new Repairs();
      expect('record' in normalisers[kind](example, repairs)).toBe(true);
      expect(repairs.toRecord()).toEqual(kind === 'exchange_rate' ? {} : { missing_to_unknown: 2 });
    }
  });

  it.each(recordKinds)('hold for every record that is accepted: %s', (kind) => {
    let accepted = 0;
    fc.assert(
      fc.property(recordOf(kind), (record) => {
        const raw: unknown = JSON.parse(JSON.stringify(record));
        if (!accepts(kind, raw)) return;
        accepted += 1;
        expect(isValid(kind, raw), ajv.errorsText(validators.get(kind)?.errors)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it.each<[RecordKind, Record<string, unknown>]>([
    ['ad_performance', { date: null }],
    ['ad_performance', { date: 'yesterday' }],
    ['ad_performance', { campaign_id: ' ' }],
    ['ad_performance', { campaign_id: 2 ** 60 }],
    ['ad_performance', { clicks: 1.5 }],
    ['ad_performance', { clicks: 'many' }],
    ['ad_performance', { cost: '1,234.50' }],
    ['ad_performance', { currency: 'dollars' }],
    ['ad_performance', { schema_version: '2.0' }],
    ['ad_performance', { utm_source: ['google'] }],
    ['ad_performance', { breakdowns: { Country: 'DE' } }],
    ['ad_performance', { breakdowns: { country: ['DE'] } }],
    ['ad_performance', { breakdowns: Object.fromEntries('abcdefghi'.split('').map((name) => [name, 'x'])) }],
    ['ad_performance', { breakdowns: ['DE'] }],
    ['ad_performance', { extra_measures: { Likes: 1 } }],
    ['ad_performance', { extra_measures: { likes: 'many' } }],
    ['ad_performance', { extra_measures: [1] }],
    ['opportunity', { opportunity_id: undefined }],
    ['opportunity', { created_at: '' }],
    ['opportunity', { amount: 1e12 }],
    ['event', { service: 'x'.repeat(257) }],
    ['exchange_rate', { base: null }],
    ['exchange_rate', { quote: 'dollars' }],
    ['exchange_rate', { rate: 0 }],
    ['exchange_rate', { rate: -1 }],
    ['exchange_rate', { rate: 2e18 }],
    ['exchange_rate', { rate: 'many' }],
    ['event', { message: { text: 'x' } }],
    ['event', { metadata: [1] }],
    ['event', { timestamp: 1_754_042_400 }],
  ])('refuse what is rejected: %s %j', (kind, changes) => {
    const raw: unknown = JSON.parse(JSON.stringify({ ...contracts[kind].examples[0], ...changes }));
    expect(accepts(kind, raw)).toBe(false);
    expect(isValid(kind, raw)).toBe(false);
  });

  it.each(recordKinds)('let unknown fields pass, as the normalisers do: %s', (kind) => {
    const raw = { ...contracts[kind].examples[0], something: { else: [1] } };
    expect(accepts(kind, raw) && isValid(kind, raw)).toBe(true);
  });
});

describe('the contract', () => {
  const cases = recordKinds.flatMap((kind) => fieldsOf(kind).map(([name]) => [kind, name] as const));

  it.each(cases)('names no field that is not read: %s %s', (kind, name) => {
    const example = contracts[kind].examples[0];
    const outcomes = [{ [name]: undefined }, { [name]: { x: 1 } }].map((change) =>
      normalisers[kind]({ ...example, ...change }, new Repairs()),
    );
    expect(outcomes[1]).not.toEqual(outcomes[0]);
    expect(outcomes.map((outcome) => ('record' in outcome ? outcome.record.extra : ''))).toEqual(['', '']);
  });
});
