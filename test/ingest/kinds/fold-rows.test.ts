import { describe, expect, it } from 'vitest';
import { adPerformanceTable } from '../../../src/ingest/kinds/ad-performance-table.ts';
import { conflictOf, sumRows } from '../../../src/ingest/kinds/fold-rows.ts';
import { propertyOf } from '../../../src/ingest/storage/column-set.ts';
import type { AdPerformance } from '../../../src/records/ad-performance.ts';
import { createRejectedAdKeyReader } from '../../../src/records/rejected-ad-key.ts';
import { testRules } from '../../support/records.ts';
import { ad } from '../storage/support.ts';

// Every column of the table that is no part of the key.
describe.each(Object.keys(adPerformanceTable.values.columns))('the figure %s', (column) => {
  const property = propertyOf(column);
  const withFigure = (value: number): AdPerformance => ad({ [property]: value });

  it('is added up where rows have one key', () => {
    expect(sumRows([withFigure(3), withFigure(4), withFigure(5)])).toMatchObject([{ [property]: 12 }]);
  });

  it('tells rows of one key apart, and the error names it', () => {
    expect(conflictOf([withFigure(3), withFigure(3)], 'feed')).toBeUndefined();
    expect(conflictOf([withFigure(3), withFigure(4)], 'feed')?.message).toContain(
      `; they differ in ${column}.`,
    );
  });

  it('leaves the key readable where it is not', () => {
    const read = createRejectedAdKeyReader(testRules);
    expect(read({ date: '2025-08-01', campaign_id: 'C-1', [column]: 'many' })).toMatchObject({
      keyed: { campaignId: 'C-1', [property]: 0 },
    });
  });
});
