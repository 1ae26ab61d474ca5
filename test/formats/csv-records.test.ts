import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import type { MalformedRecord } from '../../src/formats/feed/record-batch.ts';
import { type CsvRecordsOptions, columnName, readCsvRecords } from '../../src/formats/read-records.ts';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { Repairs } from '../../src/records/outcome.ts';
import { inChunks } from '../support/chunks.ts';

interface Reading {
  /** `[line, record]` of each row. */
  records: [number, Record<string, string>][];
  malformed: MalformedRecord[];
  error: UtmqlError | undefined;
  bytes: number;
}

async function readAll(body: AsyncIterable<Uint8Array>, options: CsvRecordsOptions = {}): Promise<Reading> {
  const reading: Reading = { records: [], malformed: [], error: undefined, bytes: 0 };
  try {
    for await (const batch of readCsvRecords(body, options)) {
      batch.records.forEach((record, i) => {
        // Rows have no prototype: compare what they hold.
        reading.records.push([batch.firstPosition + i, { ...(record as Record<string, string>) }]);
      });
      reading.malformed.push(...batch.malformed);
      reading.bytes += batch.bytes;
    }
  } catch (error) {
    if (!(error instanceof UtmqlError)) throw error;
    reading.error = error;
  }
  return reading;
}

const read = (body: string | Buffer, options: CsvRecordsOptions = {}, sizes: readonly number[] = [65_536]) =>
  readAll(inChunks(Buffer.from(body), sizes), options);

const valuesOf = ({ records }: Reading) => records.map(([, record]) => record);
const outcomeOf = ({ records, malformed, error }: Reading) => ({ records, malformed, error: error?.message });
const flawsOf = ({ malformed }: Reading) =>
  malformed.map(({ position, text, reason }) => [position, text, reason]);

describe('rows', () => {
  it('become objects from the names of the header to the text of their cells', async () => {
    const body = 'date,campaign_id,clicks,cost\n2025-08-01,C-1,12,3.50\n2025-08-02,C-2,0,0\n';
    const reading = await read(body);
    expect(reading.records).toEqual([
      [2, { date: '2025-08-01', campaign_id: 'C-1', clicks: '12', cost: '3.50' }],
      [3, { date: '2025-08-02', campaign_id: 'C-2', clicks: '0', cost: '0' }],
    ]);
    expect(reading.error).toBeUndefined();
    expect(reading.bytes).toBe(Buffer.byteLength(body));
  });

  it.each([
    ['no newline at the end', 'a,b\n1,2'],
    ['CRLF', 'a,b\r\n1,2\r\n'],
    ['CRLF, and none at the end', 'a,b\r\n1,2'],
    ['a byte order mark', '\ufeffa,b\n1,2\n'],
    ['blank lines in front of the header', '\n \r\na,b\n1,2\n'],
    ['blank lines and rows without any text between rows', 'a,b\n\n,\n  \n1,2\r\n\r\n'],
    ['semicolons', 'a;b\n1;2\n'],
    ['tabs', 'a\tb\n1\t2\n'],
    ['quotes around every cell', '"a","b"\n"1","2"\n'],
    ['quotes around every cell, CRLF', '"a","b"\r\n"1","2"\r\n'],
    ['names in other case, with spaces', ' A , B\n1,2\n'],
  ])('may have %s', async (_, body) => {
    for (const sizes of [[1], [3], [1_000]]) {
      const reading = await read(body, {}, sizes);
      expect(valuesOf(reading)).toEqual([{ a: '1', b: '2' }]);
      expect(outcomeOf(reading)).toMatchObject({ malformed: [], error: undefined });
    }
  });

  it('may hold delimiters, newlines and doubled quotes inside quotes; lines are counted by newlines', async () => {
    const body = 'a,b\n"1,5","one\ntwo\r\nthree"\n"say ""hi""",""""\nplain,x\n';
    expect((await read(body)).records).toEqual([
      [2, { a: '1,5', b: 'one\ntwo\r\nthree' }],
      [5, { a: 'say "hi"', b: '"' }],
      [6, { a: 'plain', b: 'x' }],
    ]);
  });

  it('leave empty cells out, quoted or not, and keep blanks', async () => {
    expect(valuesOf(await read('a,b,c,d\n1,,"", \n'))).toEqual([{ a: '1', d: ' ' }]);
  });

  it('have any names, even those of what objects inherit', async () => {
    const batches = readCsvRecords(
      inChunks(Buffer.from('__proto__,constructor,hasownproperty\nx,y,z\n,,z\n'), [100]),
    );
    const records: unknown[] = [];
    for await (const batch of batches) records.push(...batch.records);
    expect(records.map((record) => Object.entries(Object(record)))).toEqual([
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
        ['hasownproperty', 'z'],
      ],
      [['hasownproperty', 'z']],
    ]);
    expect(records.map((record) => Object.getPrototypeOf(Object.getPrototypeOf(record)))).toEqual([
      null,
      null,
    ]);
    expect(Object.prototype).not.toHaveProperty('x');
  });

  it('of a column without a name are found under its number', async () => {
    expect(valuesOf(await read('a,,\n1,2,\n'))).toEqual([{ a: '1', column_2: '2' }]);
  });

  it('are figures as they are written: what is no plain number is refused, not guessed', async () => {
    const reading = await read(
      'date,campaign_id,cost\n2025-08-01,C-1,"1,234.50"\n2025-08-01,C-2,1234.567891\n',
    );
    const normalise = createAdPerformanceNormaliser({ timezone: 'UTC', currency: 'USD' });
    const outcomes = valuesOf(reading).map((record) => normalise(record, new Repairs()));
    expect(outcomes[0]).toMatchObject({ reject: { reason: 'invalid_number', field: 'cost' } });
    expect(outcomes[1]).toMatchObject({ record: { cost: 1234.567891 } });
  });

  it.each([
    '',
    '\n\n',
    '\ufeff',
    'a,b',
    'a,b\n',
    '\ufeffa,b\r\n\r\n',
    '"a\nb",c',
  ])('give no batch where there are none: %j', async (body) => {
    for (const size of [1, 1_000]) {
      const batches: unknown[] = [];
      for await (const batch of readCsvRecords(inChunks(Buffer.from(body), [size]))) batches.push(batch);
      expect(batches).toEqual([]);
    }
  });
});

describe('the delimiter', () => {
  it('is the one that stands most often in the header, outside quotes', async () => {
    expect(valuesOf(await read('"a,b,c";d\n1,2;3\n'))).toEqual([{ 'a,b,c': '1,2', d: '3' }]);
    expect(valuesOf(await read('a\n1,2;3\n'))).toEqual([]);
    expect(valuesOf(await read('a\n"1,2;3"\n'))).toEqual([{ a: '1,2;3' }]);
  });

  it('can be given', async () => {
    expect(valuesOf(await read('a,b|c\n1,2|3\n', { delimiter: '|' }))).toEqual([{ 'a,b': '1,2', c: '3' }]);
    expect(valuesOf(await read('a,b;c;d\n1,2;3;4\n', { delimiter: ',' }))).toEqual([
      { a: '1', 'b;c;d': '2;3;4' },
    ]);
  });

  it.each(['', '"', '\n', '||', 'é'])('cannot be %j', async (delimiter) => {
    expect((await read('a\n1\n', { delimiter })).error).toMatchObject({ code: 'CONFIGURATION' });
  });
});

describe('malformed rows', () => {
  it('with too many or too few cells cost no other', async () => {
    const reading = await read('a,b\n1,2\n3\n4,5,6\n7,8\n"9"\n"10","11"\n');
    expect(valuesOf(reading)).toEqual([
      { a: '1', b: '2' },
      { a: '7', b: '8' },
      { a: '10', b: '11' },
    ]);
    expect(reading.malformed).toEqual([
      { position: 3, text: '3', reason: 'invalid_csv', detail: 'The row has 1 cells and the header 2.' },
      { position: 4, text: '4,5,6', reason: 'invalid_csv', detail: 'The row has 3 cells and the header 2.' },
      { position: 6, text: '"9"', reason: 'invalid_csv', detail: 'The row has 1 cells and the header 2.' },
    ]);
    expect(reading.error).toBeUndefined();
  });

  it('with broken quotes cost no other', async () => {
    const bad = ['1,TV 55" wide', '1,"a"b', '"x" ,2', '1, "2"', '1,"a""b"c', '1,"2"\rx'];
    const body = `a,b\n0,0\n${bad.map((row) => `${row}\n"ok","${row.length}"\n`).join('')}`;
    for (const sizes of [[1], [1_000]]) {
      const reading = await read(body, {}, sizes);
      expect(valuesOf(reading)).toEqual([
        { a: '0', b: '0' },
        ...bad.map((row) => ({ a: 'ok', b: `${row.length}` })),
      ]);
      expect(flawsOf(reading)).toEqual(bad.map((row, i) => [3 + 2 * i, row, 'invalid_csv']));
    }
  });

  it('whose quotes never close cost their line, once the next quote shows it', async () => {
    for (const sizes of [[1], [1_000]]) {
      const reading = await read('a,b\n1,"2\n3,4\n5,6\n7,"eight"\n9,10\n', {}, sizes);
      expect(reading.records.map(([line, { a }]) => [line, a])).toEqual([
        [3, '3'],
        [4, '5'],
        [5, '7'],
        [6, '9'],
      ]);
      expect(flawsOf(reading)).toEqual([[2, '1,"2', 'invalid_csv']]);
      expect(reading.error).toBeUndefined();
    }
  });

  it('that are not UTF-8 cost no other, quoted or not', async () => {
    const latin1 = Buffer.from('a,b\n1,plain\n2,caf\u00e9\n3,"quoted"\n4,"caf\u00e9"\n5,x\n', 'latin1');
    const reading = await read(latin1);
    expect(valuesOf(reading).map(({ a }) => a)).toEqual(['1', '3', '5']);
    expect(reading.malformed.map(({ position, detail }) => [position, detail])).toEqual([
      [3, 'The row is not valid UTF-8.'],
      [5, 'The row is not valid UTF-8.'],
    ]);
  });

  const huge = 10 * 1024 * 1024;
  it.each([
    ['a plain row', `1,${'x'.repeat(huge)}`, 3],
    ['a quoted cell', `1,"${'x""\n'.repeat(huge / 4)}"`, 3 + huge / 4],
    ['a quoted cell that breaks', `1,"${'x'.repeat(huge)}" y`, 3],
  ])('of 10 MB are skipped, their beginning is shown, and the rest goes on: %s', async (_, row, nextLine) => {
    const reading = await read(`a,b\n${row}\n2,3\n${row}\n"4",5\n`);
    expect(reading.records).toEqual([
      [nextLine, { a: '2', b: '3' }],
      [2 * nextLine - 1, { a: '4', b: '5' }],
    ]);
    expect(reading.malformed.map(({ position, reason }) => [position, reason])).toEqual([
      [2, 'record_too_large'],
      [nextLine + 1, 'record_too_large'],
    ]);
    for (const { text } of reading.malformed) {
      expect(Buffer.byteLength(text)).toBeGreaterThan(65_000);
      expect(row.startsWith(text)).toBe(true);
    }
    expect(reading.error).toBeUndefined();
  });

  it('start one byte above the limit', async () => {
    for (const row of ['0123,4567', '"123","56"']) {
      const body = `a,b\n${row}\n${row}\n${row}`;
      expect((await read(body, { maxRecordBytes: row.length })).records).toHaveLength(3);
      expect((await read(body, { maxRecordBytes: row.length - 1 })).malformed).toHaveLength(3);
    }
  });
});

describe('a body that ends in the middle', () => {
  it.each([
    [
      'a,b\n1,2\n3,"4\n5,6\n',
      1,
      'inside quotes of the row that begins in line 3; the 1 record before it was kept',
    ],
    ['a,b\n1,2\n3,"', 1, 'inside quotes of the row that begins in line 3; the 1 record before it was kept'],
    ['a,b\n1,2\n3', 1, 'in the middle of line 3; the 1 record before it was kept'],
    ['a,b\n"1', 0, 'inside quotes of the row that begins in line 2; no record came before it'],
  ])('gives the rows before it, and says so: %j', async (body, kept, where) => {
    for (const sizes of [[1], [1_000]]) {
      const reading = await read(body, {}, sizes);
      expect(reading.records).toHaveLength(kept);
      expect(reading.error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: true });
      expect(reading.error?.message).toBe(`The body ended ${where}.`);
    }
  });

  it('inside quotes that were opened ten megabytes before, says so too', async () => {
    const { error, records } = await read(`a,b\n1,2\n3,"${'x\n'.repeat(5_000_000)}`);
    expect(records).toHaveLength(1);
    expect(error?.message).toContain('inside quotes of the row that begins in line 3;');
  });

  it('because the connection broke, gives the rows before it and then that error', async () => {
    const broken = new UtmqlError('SOURCE_UNAVAILABLE', 'broke off');
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a,b\n1,2\n3,4\n5,');
      throw broken;
    }
    const reading = await readAll(body());
    expect(reading.records).toHaveLength(2);
    expect(reading.error).toBe(broken);
  });
});

describe('a header that cannot be used', () => {
  it.each<[string, string | Buffer, string]>([
    [
      'two columns of one name',
      'a,b,A\n1,2,3\n',
      'The header names the column "a" twice; rename one of them, or leave it out.',
    ],
    [
      'HTML',
      '<!doctype html>\n<p>Sign in',
      'The body is HTML, not CSV; it starts with ‘<!doctype html> <p>Sign in’.',
    ],
    [
      'gzip',
      Buffer.from([0x1f, 0x8b, 8, 0, 10]),
      'The body is gzip without saying so; it needs the header Content-Encoding: gzip.',
    ],
    [
      'UTF-16',
      Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'),
      'The body is not UTF-8 text; save it as CSV in UTF-8.',
    ],
    [
      'UTF-16 without its mark',
      Buffer.from('a,b\n1,2\n', 'utf16le'),
      'The body is not UTF-8 text; save it as CSV in UTF-8.',
    ],
    [
      'Latin-1',
      Buffer.from('a,caf\u00e9\n1,2\n', 'latin1'),
      'The body is not UTF-8 text; save it as CSV in UTF-8.',
    ],
    [
      'carriage returns alone',
      'a,b\r1,2\r',
      'The body ends its lines with carriage returns alone; end them with line feeds.',
    ],
    ['quotes that never close', 'a,"b\n1,2\n', 'The header line opens quotes that are never closed.'],
    [
      'broken quotes',
      'a,b"c\n1,2\n',
      'The header line cannot be read. A quote stands in a cell without quotes around it; add them and double the quotes inside.',
    ],
    ['too many columns', `${','.repeat(1_000)}\n`, 'The header has 1001 columns; at most 1000 are read.'],
    ['no end', 'x'.repeat(2_000_000), 'The header line is longer than 1048576 bytes.'],
  ])('%s', async (_, body, message) => {
    for (const sizes of body.length > 10_000 ? [[65_536]] : [[1_000]]) {
      const { error, records } = await read(body, {}, sizes);
      expect(error?.message).toBe(message);
      expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: false });
      expect(records).toEqual([]);
    }
  });
});

describe('laws', () => {
  const text = fc
    .array(
      fc.constantFrom(
        'a',
        'é🙂',
        ',',
        ',',
        '"',
        '"',
        '\n',
        '\n',
        '\r\n',
        '\r',
        ' ',
        '""',
        '",',
        '"\n',
        '1,2\n',
        '"x\ny",z\n',
        'long'.repeat(8),
      ),
      {
        maxLength: 30,
      },
    )
    .map((pieces) => pieces.join(''));
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });

  it('chunks and blocks of any sizes give the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        sizes,
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom(5, 12, 40, 1_000),
        fc.boolean(),
        async (body, chunks, batchBytes, maxRecordBytes, endsWithNewline) => {
          const bytes = Buffer.from(`a,b\n${body}${endsWithNewline ? '\n' : ''}`);
          const whole = await read(bytes, { maxRecordBytes });
          const chunked = await read(bytes, { maxRecordBytes, batchBytes }, chunks);
          expect(outcomeOf(chunked)).toEqual(outcomeOf(whole));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('what csv-parse takes as a whole is taken apart in the same way', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(text, async (body) => {
        const bytes = Buffer.from(`a,b\n${body}\n`);
        let rows: string[][];
        try {
          rows = parse(bytes, { relax_column_count: true, record_delimiter: ['\r\n', '\n'] }).slice(1);
        } catch {
          return;
        }
        taken += 1;
        const reading = await read(bytes);
        const held = rows.filter((row) => row.some((cell) => cell.trim() !== ''));
        expect(reading.error).toBeUndefined();
        expect(valuesOf(reading).filter((record) => Object.values(record).join('').trim() !== '')).toEqual(
          held
            .filter((row) => row.length === 2)
            .map((row) =>
              Object.fromEntries(row.flatMap((cell, i) => (cell === '' ? [] : [['ab'.charAt(i), cell]]))),
            ),
        );
        expect(reading.malformed).toHaveLength(held.filter((row) => row.length !== 2).length);
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('every cell that is written by the rules of RFC 4180 comes back', async () => {
    const cell = fc.string({ unit: 'binary', minLength: 1 }).map((value) => Buffer.from(value).toString());
    const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { maxLength: 10 }),
        sizes,
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n'),
        async (rows, chunks, delimiter, newline) => {
          const lines = [['a', 'b'], ...rows].map((cells) => cells.map(quoted).join(delimiter));
          const reading = await read(lines.join(newline), { delimiter, batchBytes: 50 }, chunks);
          expect(reading.error).toBeUndefined();
          expect(valuesOf(reading)).toEqual(rows.map(([a, b]) => ({ a, b })));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('the name of a column is its own name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(columnName(columnName(name))).toBe(columnName(name));
      }),
    );
  });
});
