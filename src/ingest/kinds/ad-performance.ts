import { type AdPerformance, createAdPerformanceNormaliser } from '../../records/ad-performance.ts';
import { formatDay } from '../../records/day.ts';
import { createRejectedAdKeyReader } from '../../records/rejected-ad-key.ts';
import { versionedWriter } from '../storage/versioned-writer.ts';
import { createAdsStage } from './ad-performance-stage.ts';
import { adPerformanceTable } from './ad-performance-table.ts';
import { conflictOf, sumRows } from './fold-rows.ts';
import { type PulledKind, withVersions } from './kind.ts';

export const createAdsWriter = versionedWriter(adPerformanceTable);

export const adPerformanceKind: PulledKind<AdPerformance> = {
  table: adPerformanceTable,
  retention: 'DATA_RETENTION_DAYS',
  attributed: 'ads',
  isMerged: true,
  waitsForRuns: false,
  arrivalField: undefined,
  keyOf: adPerformanceTable.keyOf,
  // The first of its columns.
  dayOfKey: (key) => Number.parseInt(key.slice(1), 10),
  createNormaliser: createAdPerformanceNormaliser,
  createRejectedKeyReader(rules) {
    const read = createRejectedAdKeyReader(rules);
    return (raw) => {
      const remains = read(raw);
      return remains !== 'nothing' && 'keyed' in remains
        ? adPerformanceTable.keyOf(remains.keyed)
        : undefined;
    };
  },
  createWriter: (options) => withVersions(createAdsWriter(options), options.version),
  rawFieldsOf: ({ day }) => ({ date: formatDay(day) }),
  withoutOwnTime: (record) => ({ ...record, updatedAt: undefined }),
  folding: { sum: sumRows, conflictOf, createStage: createAdsStage },
  isAskedByDay: true,
  openPull({ rules, mode, duplicates = mode === 'replace' ? 'fail' : 'last', ...options }) {
    const stage = createAdsStage({ ...options, duplicates });
    return {
      normalise: createAdPerformanceNormaliser(rules),
      stage,
      remainsOf: createRejectedAdKeyReader(rules),
      keep: (record) => stage.keep(record),
    };
  },
};
