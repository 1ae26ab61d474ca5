import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import type { MalformedRecord } from '../../src/formats/feed/record-batch.ts';
import {
  type BodyFormat,
  type BodyRecordsOptions,
  formatOf,
  readRecords,
} from '../../src/formats/read-records.ts';
import { rejectOf } from '../../src/ingest/rejects/reject-writer.ts';
import { inChunks } from '../support/chunks.ts';

const envelope = ['external', 'ads', 'performance'];

interface Reading {
  records: [position: number, record: unknown][];
  malformed: MalformedRecord[];
  error: UtmqlError | undefined;
}

async function readAll(
  body: AsyncIterable<Uint8Array>,
  options: Partial<BodyRecordsOptions> = {},
): Promise<Reading> {
  const reading: Reading = { records: [], malformed: [], error: undefined };
  try {
    for await (const batch of readRecords(body, { format: undefined, envelope, ...options })) {
      batch.records.forEach((record, i) => {
        reading.records.push([batch.firstPosition + i, record]);
      });
      reading.malformed.push(...batch.malformed);
    }
  } catch (error) {
    if (!(error instanceof UtmqlError)) throw error;
    reading.error = error;
  }
  return reading;
}

const read = (
  body: string | Buffer,
  options: Partial<BodyRecordsOptions> = {},
  sizes: readonly number[] = [1_000],
) => readAll(inChunks(Buffer.from(body), sizes), options);
const valuesOf = (reading: Reading): unknown[] =>
  JSON.parse(JSON.stringify(reading.records.map(([, record]) => record)));

describe('formatOf', () => {
  it.each<[string | undefined, BodyFormat | undefined]>([
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['application/x-ndjson', 'json'],
    ['application/ndjson', 'json'],
    ['application/jsonl', 'json'],
    ['text/csv', 'csv'],
    ['Text/CSV; header=present', 'csv'],
    ['text/tab-separated-values', 'csv'],
    ['text/plain', undefined],
    ['application/octet-stream', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s', (contentType, format) => {
    expect(formatOf(contentType)).toBe(format);
  });
});

describe('one set of records in any format is the same', () => {
  const records = [
    { date: '2025-08-01', campaign_id: 'C-1', utm_campaign: 'Été 🙂' },
    { date: '2025-08-02', campaign_id: 'C-2', utm_campaign: 'a "b", c' },
  ];
  const [first, second] = records.map((record) => JSON.stringify(record));
  const csv = 'date,campaign_id,utm_campaign\n2025-08-01,C-1,Été 🙂\n2025-08-02,C-2,"a ""b"", c"\n';

  it.each<[string, BodyFormat, string]>([
    ['array', 'json', `[${first},${second}]`],
    ['envelope', 'json', `{"external":{"ads":{"performance":[${first},${second}]}}}`],
    ['NDJSON', 'json', `${first}\n${second}\n`],
    ['CSV', 'csv', csv],
    ['tab-separated', 'csv', csv.replaceAll(/,(?! )/g, '\t')],
  ])('%s, named or told by its first byte, in chunks of any size', async (_, format, body) => {
    for (const mark of ['', '\ufeff', '\n\n ']) {
      for (const told of [format, undefined]) {
        for (const size of [1, 2, 3, 1_000]) {
          // Blanks in front of a header would belong to its first name.
          const reading = await read(`${format === 'csv' ? mark.trimEnd() : mark}${body}`, { format: told }, [
            size,
          ]);
          expect(valuesOf(reading)).toEqual(records);
          expect(reading).toMatchObject({ malformed: [], error: undefined });
        }
      }
    }
  });

  it('lines are counted from the first, blank or not', async () => {
    expect((await read('\n\n{"a":1}\n{"a":2}')).records.map(([line]) => line)).toEqual([3, 4]);
    expect((await read('\n\na,b\n1,2\n')).records.map(([line]) => line)).toEqual([4]);
  });
});

describe('a body that says nothing of its format', () => {
  it.each(['', ' \n\t\r\n', '\ufeff', '\ufeff\n'])('has no records when it is blank: %j', async (body) => {
    for (const size of [1, 1_000]) {
      expect(await read(body, {}, [size])).toEqual({ records: [], malformed: [], error: undefined });
    }
  });

  it('is told in bounded memory though it begins with more blanks than a record may have', async () => {
    const blanks = ' '.repeat(5_000);
    expect((await read(`${blanks}{"a":1}`, { maxRecordBytes: 100, batchBytes: 64 })).records).toEqual([
      [1, { a: 1 }],
    ]);
  });

  it('is CSV when it is not JSON, and says so when it is neither', async () => {
    expect(valuesOf(await read('"a";b\n1;2\n'))).toEqual([{ a: '1', b: '2' }]);
    expect((await read('<html>\n')).error?.message).toBe(
      'The body is HTML, not CSV; it starts with ‘<html>’.',
    );
    expect((await read(Buffer.from([0x1f, 0x8b, 8, 0, 0]))).error?.message).toContain(
      'Content-Encoding: gzip',
    );
    expect((await read(Buffer.from([0xef, 0xbb]))).error?.code).toBe('SOURCE_MALFORMED');
  });

  it('is read with the delimiter that is given', async () => {
    expect(valuesOf(await read('a,b|c\n1|2\n', { csv: { delimiter: '|' } }))).toEqual([
      { 'a,b': '1', c: '2' },
    ]);
  });

  it('is not what it is called: JSON as CSV and CSV as JSON are refused', async () => {
    expect((await read('a,b\n1,2\n', { format: 'json' })).error?.message).toBe(
      'The body is not JSON; it starts with ‘a,b 1,2’.',
    );
    expect((await read('[{"a":1}]', { format: 'csv' })).error?.message).toContain(
      'The header line cannot be read.',
    );
  });
});

describe('a single object', () => {
  it.each([
    '{"a":1}',
    '{"a":1}\n',
    '{\n  "a": 1,\n  "b": {\n    "c": [1, 2]\n  }\n}\n',
    '{\r\n"a":1\r\n}',
  ])('is one record when it is not the envelope: %j', async (body) => {
    for (const size of [1, 7, 1_000]) {
      expect((await read(body, {}, [size])).records).toEqual([[1, JSON.parse(body)]]);
    }
  });

  it('whose key is no JSON is malformed, even where no envelope is expected', async () => {
    const reading = await read('{"\\q":1}\n{"a":2}\n', { envelope: [] });
    expect(reading.records).toEqual([[2, { a: 2 }]]);
    expect(reading.malformed.map(({ position }) => position)).toEqual([1]);
    expect(reading.error).toBeUndefined();
  });

  it('over many lines may be as long as a record may be, and no longer', async () => {
    const body = JSON.stringify(
      { text: 'x'.repeat(400), list: Array.from({ length: 20 }, (_, i) => i) },
      null,
      2,
    );
    for (const size of [10, 1_000]) {
      const fits = await read(`${body}\n`, { maxRecordBytes: body.length, batchBytes: 64 }, [size]);
      expect(fits.records).toEqual([[1, JSON.parse(body)]]);
      const over = await read(`${body}\n`, { maxRecordBytes: body.length - 1, batchBytes: 64 }, [size]);
      expect(over.records).toEqual([]);
      expect(over.malformed.map(({ reason }) => reason)).toEqual(['record_too_large']);
      expect(over.error).toBeUndefined();
    }
  });
});

describe('a record of 300 MB', () => {
  const megabytes = 300;
  const filler = Buffer.alloc(1024 * 1024, 'é},"" ');

  async function* around(
    before: string,
    after: string,
    growth: { bytes: number },
  ): AsyncGenerator<Uint8Array> {
    const used = (): number => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const start = used();
    yield Buffer.from(before);
    for (let i = 0; i < megabytes; i++) {
      yield filler;
      growth.bytes = Math.max(growth.bytes, used() - start);
    }
    yield Buffer.from(after);
  }

  it.each([
    ['NDJSON', '{"a":1}\n{"a":"', '\n{"a":3}\n', [{ a: 1 }, { a: 3 }]],
    ['array', '[{"a":1},{"a":"', '"},{"a":3}]', [{ a: 1 }, { a: 3 }]],
    [
      'CSV',
      'a,b\n1,x\n2,"',
      '"\n3,y\n',
      [
        { a: '1', b: 'x' },
        { a: '3', b: 'y' },
      ],
    ],
    [
      'CSV without quotes',
      'a,b\n1,x\n2,',
      '\n3,y\n',
      [
        { a: '1', b: 'x' },
        { a: '3', b: 'y' },
      ],
    ],
  ])('costs no other, and is never held: %s', async (shape, before, after, others) => {
    const growth = { bytes: 0 };
    const reading = await readAll(around(before, after, growth));
    expect(valuesOf(reading)).toEqual(others);
    expect(reading.malformed.map(({ position, reason }) => [position, reason])).toEqual([
      [shape.startsWith('CSV') ? 3 : 2, 'record_too_large'],
    ]);
    expect(reading.error).toBeUndefined();
    expect(growth.bytes).toBeLessThan(64 * 1024 * 1024);
  });
});

it('characters that chunks split are whole again, in every format', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '漢', '🙂', '👩‍👩‍👧', '"', ',', '\n'),
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
      async (texts, sizes) => {
        const records = texts.map((name) => ({ name, x: '1' }));
        const bodies = [
          JSON.stringify(records),
          records.map((record) => JSON.stringify(record)).join('\n'),
          `name,x\n${texts.map((name) => `"${name.replaceAll('"', '""')}",1`).join('\n')}`,
        ];
        for (const body of bodies)
          expect(valuesOf(await read(body, { batchBytes: 16 }, sizes))).toEqual(records);
      },
    ),
    { numRuns: 500 },
  );
});

it('a malformed record is rejected with a sentence', async () => {
  const { malformed } = await read('a,b\n1\n2,3\n');
  expect(malformed.map(rejectOf)).toEqual([
    { reason: 'malformed', field: '', detail: 'The row has 1 cells and the header 2.' },
  ]);
  const { malformed: long } = await read('{"a":1}\n{"a":"long"}\n', { maxRecordBytes: 8 });
  expect(long.map(rejectOf)).toEqual([
    { reason: 'record_too_large', field: '', detail: 'The record exceeds the maximum record size.' },
  ]);
});
