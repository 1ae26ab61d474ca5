import { type Contract, schemaVersion, updatedAt } from './contract-field.ts';
import { createDateFields } from './date-fields.ts';
import type { Day } from './day.ts';
import type { FieldRules } from './field-rules.ts';
import { createFieldReader } from './fields.ts';
import type { DecimalText } from './numerals.ts';
import { normalise, type Outcome, RejectError, Repairs } from './outcome.ts';
import type { RejectedKey } from './rejected-ad-key.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { UnknownFields } from './unknown-fields.ts';

export const exchangeRateContract = {
  title: 'ExchangeRate',
  meaning: 'Exchange rate: what one unit of a currency was worth in another on a day.',
  description:
    'Exchange rate: what one unit of `base` was worth in `quote` on a day. The key is date, base and quote. A rate with the same key replaces the earlier rate. Exchange rates of any age are stored, and are kept for good.',
  envelope: ['external', 'finance', 'exchange_rates'],
  fields: {
    ...schemaVersion,
    date: { format: 'day', required: true, description: 'The day of the rate.' },
    base: {
      format: 'currency',
      required: true,
      description: 'ISO 4217 code of the currency that is converted.',
    },
    quote: {
      format: 'currency',
      required: true,
      description: 'ISO 4217 code of the currency that it is converted to.',
    },
    rate: {
      format: 'rate',
      required: true,
      description:
        'How many units of `quote` one unit of `base` is worth: above 0, at most 10^18. Decimals beyond 18 are rounded. Send a string to keep more than 15 digits.',
    },
    updated_at: updatedAt,
  },
  push: {
    path: '/ingest/exchange-rates',
    description:
      'Stores exchange rates. Adds new rates and replaces those of the same day, base and quote. Deletes nothing.',
    parameters: ['decimal', 'thousands', 'duplicates'],
  },
  examples: [{ date: '2025-08-01', base: 'EUR', quote: 'USD', rate: 1.1404 }],
} as const satisfies Contract;

type RateField = keyof typeof exchangeRateContract.fields;

/** What one unit of `base` was worth in `quote` on a day. The key is every field but the rate. */
export interface ExchangeRate {
  readonly day: Day;
  /** ISO 4217. */
  readonly base: string;
  readonly quote: string;
  /** Above 0, with up to 18 decimals. */
  readonly rate: DecimalText;
  /** When the source last changed the rate, in epoch milliseconds, if the source says so. */
  readonly updatedAt: number | undefined;
  /** The fields that the contract does not name, as JSON text; empty if there are none. */
  readonly extra: string;
}

/** Returns the normaliser for the exchange rates of one source. It turns raw JSON into a record or the reason for a rejection. */
export function createExchangeRateNormaliser(rules: FieldRules) {
  const read = createFieldReader<RateField>(rules);
  const unknownFields = new UnknownFields(exchangeRateContract);
  return (raw: unknown, repairs: Repairs): Outcome<ExchangeRate> =>
    normalise(raw, repairs, (fields) => {
      checkSchemaVersion(fields);
      const record = {
        day: read.day(fields, 'date'),
        base: read.currencyCode(fields, 'base'),
        quote: read.currencyCode(fields, 'quote'),
        rate: read.rate(fields, 'rate', repairs),
        updatedAt: read.optionalInstant(fields, 'updated_at'),
        extra: unknownFields.read(fields, repairs),
      };
      if (record.base === record.quote && record.rate !== '1') {
        throw new RejectError(
          'invalid_rate',
          'rate',
          `rate is ${record.rate} between ${record.base} and itself; it can only be 1.`,
        );
      }
      return record;
    });
}

const plainRate = { rate: 1, updated_at: null };

/** Returns a function that reads the key or day of rejected exchange rates, by the rules of their source. The rate of a keyed one is 1. */
export function createRejectedRateKeyReader(rules: FieldRules): (raw: unknown) => RejectedKey<ExchangeRate> {
  const normaliseRate = createExchangeRateNormaliser(rules);
  const read = createDateFields<RateField>(rules);
  const unnoted = new Repairs();
  return (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'nothing';
    const keyed = normaliseRate({ ...raw, ...plainRate }, unnoted);
    if ('record' in keyed) return { keyed: keyed.record };
    const dated = normalise(raw, unnoted, (fields) => ({ day: read.day(fields, 'date') }));
    return 'record' in dated ? dated.record : 'nothing';
  };
}
