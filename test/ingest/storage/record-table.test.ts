import { describe, expect, it } from 'vitest';
import { sql } from '../../../src/clickhouse/sql.ts';
import { columnSet } from '../../../src/ingest/storage/column-set.ts';
import { insertSelect, recordTable, rowFormat } from '../../../src/ingest/storage/record-table.ts';
import { RowEncoder } from '../../../src/ingest/storage/row-binary.ts';

interface Visit {
  readonly day: number;
  readonly utmSource: string;
  readonly utmMedium: string;
  readonly outcome: 'won' | 'lost';
  readonly amount: number;
  readonly note: string;
  readonly seenAt: number | undefined;
}

const visits = recordTable<Visit, 'seenAt'>()({
  name: 'visits',
  key: { date: 'Date', utm_source: 'String' },
  values: { utm_medium: 'String', outcome: { enumeration: ['won', 'lost'] }, amount: 'UInt64' },
  aside: { note: 'String' },
  others: ['version', 'is_deleted'],
});

const visit: Visit = {
  day: 258,
  utmSource: 'google',
  utmMedium: 'cpc',
  outcome: 'lost',
  amount: 7,
  note: 'n',
  seenAt: undefined,
};

describe('what does not compile', () => {
  const declare = recordTable<Visit, 'seenAt'>();
  const rest = { outcome: { enumeration: ['won', 'lost'] }, amount: 'UInt64', note: 'String' } as const;
  const common = { name: 'visits', others: [] } as const;
  const key = { date: 'Date', utm_source: 'String' } as const;

  it('a column that is written from the property of another', () => {
    declare({
      ...common,
      key,
      // @ts-expect-error `utm_medium` is written from `utmMedium`: there is no way to name `utmSource` here
      values: { ...rest, utm_medium: { type: 'String', from: 'utmSource' } },
    });
    // @ts-expect-error the same where the property is said by a function
    columnSet<{ utmSource: string }>()({ utm_source: (from: { utmMedium: string }) => from.utmMedium });
  });

  it('a column of a type that its property does not have', () => {
    // @ts-expect-error utmMedium is a text
    declare({ ...common, key, values: { ...rest, utm_medium: 'UInt64' } });
    // @ts-expect-error amount is a number
    declare({ ...common, key, values: { ...rest, utm_medium: 'String', amount: 'String' } });
    // @ts-expect-error a text of any words is no enumeration
    declare({ ...common, key, values: { ...rest, utm_medium: { enumeration: ['cpc'] } } });
    const open = { ...rest, utm_medium: 'String', outcome: { enumeration: ['open'] } } as const;
    // @ts-expect-error `won` and `lost` are its only words
    declare({ ...common, key, values: open });
  });

  it('a property without a column, or a column without a property', () => {
    // @ts-expect-error utm_medium is missing
    declare({ ...common, key, values: rest });
    // @ts-expect-error utm_sorce is no property
    declare({ ...common, key: { ...key, utm_sorce: 'String' }, values: { ...rest, utm_medium: 'String' } });
  });

  it('another value for a column that the table does not have', () => {
    // @ts-expect-error there is no column utm_term
    insertSelect(visits, { utm_term: sql`''` });
  });
});

it('writes each column from the property of its name: the key, then the values, then what goes with them', () => {
  const row = rowFormat(visits, columnSet<{ version: number }>()({ version: 'UInt64' }));
  expect(Object.entries(row.columns)).toEqual([
    ['date', 'Date'],
    ['utm_source', 'String'],
    ['utm_medium', 'String'],
    ['outcome', 'UInt8'],
    ['amount', 'UInt64'],
    ['note', 'String'],
    ['version', 'UInt64'],
  ]);
  const encoder = new RowEncoder();
  const ends: number[] = [];
  encoder.start();
  row.write(encoder, visit, { version: 3 }, (keyEnd) => ends.push(keyEnd, encoder.length));
  const bytes = Buffer.alloc(encoder.length);
  encoder.copyTo(bytes, 0);
  expect(bytes.toString('latin1')).toBe(
    '\x02\x01\x06google\x03cpc\x01\x07\0\0\0\0\0\0\0\x01n\x03\0\0\0\0\0\0\0',
  );
  expect(ends).toEqual([9, 22]);
});

it('a record is known by its key', () => {
  const other = { ...visit, utmMedium: 'email', amount: 8, note: '' };
  expect(visits.keyOf(other)).toBe(visits.keyOf(visit));
  expect(visits.keyOf({ ...visit, utmSource: 'bing' })).not.toBe(visits.keyOf(visit));
});

it('a row that is written anew names every column', () => {
  const statement = sql`${insertSelect(visits, { is_deleted: sql`1` })} FROM visits FINAL`;
  expect(statement.compile().sql).toBe(
    'INSERT INTO visits (date, utm_source, utm_medium, outcome, amount, note, version, is_deleted) ' +
      'SELECT date, utm_source, utm_medium, outcome, amount, note, version, 1 FROM visits FINAL',
  );
});
