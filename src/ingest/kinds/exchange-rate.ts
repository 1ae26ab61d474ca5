import { formatDay } from '../../records/day.ts';
import {
  createExchangeRateNormaliser,
  createRejectedRateKeyReader,
  type ExchangeRate,
} from '../../records/exchange-rate.ts';
import { versionedWriter } from '../storage/versioned-writer.ts';
import { rateConflictOf } from './exchange-rate-conflicts.ts';
import { createRatesStage } from './exchange-rate-stage.ts';
import { exchangeRateTable } from './exchange-rate-table.ts';
import { type PulledKind, withVersions } from './kind.ts';

const createRatesWriter = versionedWriter(exchangeRateTable);

export const exchangeRateKind: PulledKind<ExchangeRate> = {
  table: exchangeRateTable,
  retention: undefined,
  attributed: undefined,
  // A partition is a year, and has few rows.
  isMerged: false,
  waitsForRuns: false,
  arrivalField: undefined,
  keyOf: exchangeRateTable.keyOf,
  // The first of its columns.
  dayOfKey: (key) => Number.parseInt(key.slice(1), 10),
  createNormaliser: createExchangeRateNormaliser,
  createRejectedKeyReader(rules) {
    const read = createRejectedRateKeyReader(rules);
    return (raw) => {
      const remains = read(raw);
      return remains !== 'nothing' && 'keyed' in remains ? exchangeRateTable.keyOf(remains.keyed) : undefined;
    };
  },
  createWriter: (options) => withVersions(createRatesWriter(options), options.version),
  rawFieldsOf: ({ day, rate }) => ({
    date: formatDay(day),
    // A text such as 1.051 could be read in two ways, a number could not.
    rate: String(Number(rate)) === rate ? Number(rate) : rate,
  }),
  withoutOwnTime: (record) => ({ ...record, updatedAt: undefined }),
  folding: { sum: undefined, conflictOf: rateConflictOf, createStage: createRatesStage },
  // Days that a feed does not have keep their rates: a file of one day has no others, whatever was asked for.
  isAskedByDay: false,
  openPull({ rules, mode, duplicates = mode === 'replace' ? 'fail' : 'last', ...options }) {
    const stage = createRatesStage({ ...options, duplicates });
    return {
      normalise: createExchangeRateNormaliser(rules),
      stage,
      remainsOf: createRejectedRateKeyReader(rules),
      keep: (record) => stage.keep(record),
    };
  },
};
