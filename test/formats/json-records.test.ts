import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import { originalOf } from '../../src/formats/feed/record-batch.ts';
import { BodyStart } from '../../src/formats/json/body-start.ts';
import { type MalformedRecord, readFeed, readJsonRecords } from '../../src/formats/read-records.ts';
import { inChunks } from '../support/chunks.ts';

const ENVELOPE = ['external', 'ads', 'performance'];

interface Reading {
  /** `[position, value]` of each record. */
  records: [number, unknown][];
  malformed: MalformedRecord[];
  error: UtmqlError | undefined;
  bytes: number;
}

interface ReadingOptions {
  maxRecordBytes?: number;
  batchBytes?: number;
}

async function readAll(body: AsyncIterable<Uint8Array>, options: ReadingOptions = {}): Promise<Reading> {
  const reading: Reading = { records: [], malformed: [], error: undefined, bytes: 0 };
  try {
    for await (const batch of readJsonRecords(body, { envelope: ENVELOPE, ...options })) {
      batch.records.forEach((record, i) => {
        reading.records.push([batch.firstPosition + i, record]);
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

const read = (body: string | Buffer, options: ReadingOptions = {}, sizes: readonly number[] = [65_536]) =>
  readAll(inChunks(Buffer.from(body), sizes), options);

const valuesOf = (reading: Reading): unknown[] => reading.records.map(([, value]) => value);
const positionsOf = (reading: Reading): number[] => reading.records.map(([position]) => position);

/** All but what may differ between chunkings: how much of a body that is not JSON was there to be shown. */
const outcomeOf = ({ records, malformed, error }: Reading) => ({
  records,
  malformed,
  error: error?.message.replace(/‘.*/s, ''),
});

const row = (n: number) => ({ date: '2025-08-01', campaign_id: `C-${n}`, clicks: n, cost: 1.5 });
const rows = (count: number) => Array.from({ length: count }, (_, i) => row(i + 1));
const enveloped = (records: string) => `{"external":{"ads":{"performance":${records}}}}`;

describe('the shapes of a feed', () => {
  it('reads the envelope and skips what stands before, beside and after the array at each level', async () => {
    const records = JSON.stringify(rows(3));
    const body = `{"meta":{"performance":[{"no":1}],"x":"}]\\"{"}, "n":-1.5e3,
      "external" : {"crm":[[{"ads":{"performance":[1]}}]],"ads":{"performance":${records},"next":null},"z":[{}]},"end":"]"}\n`;
    const reading = await read(body);
    expect(valuesOf(reading)).toEqual(rows(3));
    expect(positionsOf(reading)).toEqual([1, 2, 3]);
    expect(reading.error).toBeUndefined();
    expect(reading.bytes).toBe(Buffer.byteLength(body));
  });

  it('reads an envelope whose keys are written with escapes', async () => {
    expect(valuesOf(await read('{"\\u0065xternal":{"ads":{"performance":[1]}}}'))).toEqual([1]);
  });

  it('reads a bare array', async () => {
    expect(
      valuesOf(
        await read(
          ` [ ${rows(2)
            .map((r) => JSON.stringify(r))
            .join(' ,\n ')} ] `,
        ),
      ),
    ).toEqual(rows(2));
  });

  it('reads NDJSON with blank lines, \\r\\n and no newline at the end, positions being line numbers', async () => {
    const reading = await read('\r\n{"a":1}\r\n\r\n  \n{"a":2}\n[3]\n"4"\n{"a":5}');
    expect(reading.records).toEqual([
      [2, { a: 1 }],
      [5, { a: 2 }],
      [6, [3]],
      [7, '4'],
      [8, { a: 5 }],
    ]);
  });

  it.each([
    ['one line', '{"a":1}'],
    ['one line with its newline', '{"a":1}\n'],
    ['many lines', '{\n  "a": 1\n}\n'],
    ['an envelope key that is not its first', '{"a":1,"external":{"ads":7}}'],
  ])('reads a single object as one record: %s', async (_, body) => {
    const reading = await read(body);
    expect(reading.records).toEqual([[1, JSON.parse(body)]]);
    expect(reading.error).toBeUndefined();
  });

  it('skips a byte order mark in each of the shapes', async () => {
    for (const body of [enveloped('[1]'), '[1]', '{"a":1}\n{"a":2}']) {
      const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]);
      expect(await read(marked, {}, [1])).toEqual({ ...(await read(body)), bytes: marked.length });
    }
  });

  it.each([
    '',
    ' \n\t',
    '\ufeff',
    '[]',
    ' [ \n ] ',
    enveloped('[]'),
  ])('gives no batch for %j', async (body) => {
    const batches: unknown[] = [];
    for await (const batch of readJsonRecords(inChunks(Buffer.from(body), [1]), { envelope: ENVELOPE })) {
      batches.push(batch);
    }
    expect(batches).toEqual([]);
  });

  it('passes elements on that are not objects, at their positions', async () => {
    const body = '[{"a":1},null,[{"b":[2]}],"},{",3,{},true]';
    expect((await read(body)).records).toEqual(
      (JSON.parse(body) as unknown[]).map((value, i) => [i + 1, value]),
    );
  });
});

describe('chunks', () => {
  const shapes: Record<string, (records: unknown[], space?: number) => string> = {
    envelope: (records, space) =>
      JSON.stringify(
        { a: records, external: { x: 1, ads: { performance: records, y: records } } },
        null,
        space,
      ),
    array: (records, space) => JSON.stringify(records, null, space),
    lines: (records) => records.map((record) => JSON.stringify({ record })).join('\n'),
  };
  const recordsArbitrary = fc.array(
    fc.oneof(
      fc.jsonValue({ noUnicodeString: false }),
      fc.record({
        name: fc.string({ unit: 'binary' }),
        text: fc.constantFrom('},{', '\\', '"', '\\"},', '🙂é€'),
      }),
    ),
    { minLength: 1, maxLength: 12 },
  );

  it.each(Object.keys(shapes))('of any sizes give what JSON.parse gives for the whole: %s', async (shape) => {
    await fc.assert(
      fc.asyncProperty(
        recordsArbitrary,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(0, 1),
        async (records, sizes, batchBytes, space) => {
          const body = Buffer.from(shapes[shape]?.(records, space) ?? '');
          const reading = await read(body, { batchBytes }, sizes);
          const expected = JSON.parse(JSON.stringify(records)) as unknown[];
          expect(reading.error).toBeUndefined();
          expect(reading.malformed).toEqual([]);
          expect(valuesOf(reading)).toEqual(
            shape === 'lines' ? expected.map((record) => ({ record })) : expected,
          );
          expect(positionsOf(reading)).toEqual(records.map((_, i) => i + 1));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of any sizes give the same for a broken feed', async () => {
    const piece = fc.constantFrom(
      ...[
        '{"a":1}',
        '{"b":"}',
        '{"c":[1}',
        '{',
        '}',
        '[',
        ']',
        ',',
        '"',
        '\\',
        '\n',
        ' ',
        '1',
        'tru',
        'é',
        ':',
      ],
      ...[
        '{"a":{"b":[1,2]}},',
        '{"n":12},',
        '{"t":"},{"},',
        '"key":',
        '"external":',
        '"external":{"ads":{"performance":[',
      ],
      ...['{"long":"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"}'],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', '[', '{', '{"external":{"ads":{"performance":[', '{"a":1}\n'),
        fc.array(piece, { maxLength: 25 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom(40, 1_000),
        async (start, pieces, sizes, batchBytes, maxRecordBytes) => {
          const body = Buffer.from(start + pieces.join(''));
          const whole = await read(body, { maxRecordBytes });
          const chunked = await read(body, { maxRecordBytes, batchBytes }, sizes);
          expect(outcomeOf(chunked)).toEqual(outcomeOf(whole));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe('the text of a record', () => {
  it('is what came, to the letter, in every shape and however it is cut', async () => {
    const number = fc.constantFrom('12345678901234567890', '0.10', '1e400', '-0', '7');
    const member = fc.tuple(
      fc.constantFrom('"a"', '"2"', '"\\u0061"'),
      fc.oneof(number, fc.constantFrom('"},{"', '"\\"]"', '{"x" : [1,{}]}', '[ ]', '"ü"')),
    );
    const object = fc
      .tuple(fc.array(member, { minLength: 1, maxLength: 4 }), fc.constantFrom('', ' '))
      .map(
        ([members, space]) =>
          `{${space}${members.map(([name, value]) => `${name}:${space}${value}`).join(',')}}`,
      );
    const lines = (texts: readonly string[]) => texts.join('\n');
    const list = (texts: readonly string[]) => `[${texts.join(' , ')}]`;
    const shape = fc.constantFrom(lines, list, (texts: readonly string[]) =>
      enveloped(`[${texts.join(',')}]`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { minLength: 1, maxLength: 30 }),
        shape,
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
        async (texts, shaped, sizes) => {
          const body = inChunks(Buffer.from(shaped(texts)), sizes);
          const found: unknown[] = [];
          for await (const batch of readJsonRecords(body, { envelope: ENVELOPE, batchBytes: 200 })) {
            // From the last to the first: none may rest on what was asked before.
            found.push(
              ...batch.records
                .map((_, index) => originalOf(batch, batch.records.length - 1 - index))
                .reverse(),
            );
          }
          expect(found).toEqual(texts);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('malformed records', () => {
  it('in an array cost no other record', async () => {
    const body =
      '[{"a":1},{"a":tru},{"a":3},{"a":4,},,{"a" 6},{"a":"\n"},{"a":8} {"a":9},{"a":{"b":[10}},{"a":11}, ]';
    const reading = await read(body.replace('[10}}', '[10]}}'));
    expect(reading.records).toEqual([
      [1, { a: 1 }],
      [3, { a: 3 }],
      [9, { a: { b: [10] } }],
      [10, { a: 11 }],
    ]);
    expect(reading.malformed).toEqual(
      [
        [2, '{"a":tru}'],
        [4, '{"a":4,}'],
        [5, ''],
        [6, '{"a" 6}'],
        [7, '{"a":"\n"}'],
        [8, '{"a":8} {"a":9}'],
        [11, ''],
      ].map(([position, text]) => ({ position, text, reason: 'invalid_json' })),
    );
    expect(reading.error).toBeUndefined();
  });

  it('in NDJSON cost no other line, wherever they stand', async () => {
    const good = (n: number) => `{"n":${n}}`;
    const broken = [
      '{"n":{"x":1',
      '{"n":"x}',
      '{"n":1',
      '{',
      '{"n":1}}',
      '{"n":1} {"n":2}',
      '{"n":[1}',
      '{"n",}',
    ];
    for (const bad of broken) {
      for (const lines of [
        [bad, good(2), good(3)],
        [good(1), bad, good(3)],
        [good(1), '', bad, '', bad, good(6)],
      ]) {
        const reading = await read(`${lines.join('\n')}\n`, {}, [7]);
        const expected = lines.flatMap((line, i) =>
          line.startsWith('{"n":') && !broken.includes(line) ? [i + 1] : [],
        );
        expect(positionsOf(reading), bad).toEqual(expected);
        expect(reading.malformed, bad).toEqual(
          lines.flatMap((line, i) =>
            broken.includes(line) ? [{ position: i + 1, text: line, reason: 'invalid_json' }] : [],
          ),
        );
        expect(reading.error, bad).toBeUndefined();
      }
    }
  });

  it('are each reported alone, with the records around them in batches without gaps', async () => {
    const body = Buffer.from('[1,x,2,3,y]');
    const batches: unknown[] = [];
    for await (const batch of readJsonRecords(inChunks(body, [3]), { envelope: ENVELOPE })) {
      const { records, firstPosition, malformed } = batch;
      batches.push({ records, firstPosition, malformed });
    }
    const invalid = (position: number, text: string) => ({ position, text, reason: 'invalid_json' });
    expect(batches).toEqual([
      { records: [1], firstPosition: 1, malformed: [invalid(2, 'x')] },
      { records: [2, 3], firstPosition: 3, malformed: [invalid(5, 'y')] },
    ]);
  });
});

describe('records too long to be held', () => {
  const long = JSON.stringify({ text: 'é},{"\\'.repeat(1_000_000) });

  it.each([
    ['array', (records: string[]) => `[${records.join(',')}]`],
    ['envelope', (records: string[]) => enveloped(`[${records.join(',')}]`)],
    ['lines', (records: string[]) => `${records.join('\n')}\n`],
    ['lines without the last newline', (records: string[]) => records.join('\n')],
  ])('are skipped, their beginning is shown, and the rest goes on: %s', async (_, shape) => {
    const reading = await read(shape([long, '{"a":2}', long, '{"a":4}', long]));
    expect(reading.records).toEqual([
      [2, { a: 2 }],
      [4, { a: 4 }],
    ]);
    expect(reading.malformed.map(({ position, reason }) => [position, reason])).toEqual(
      [1, 3, 5].map((position) => [position, 'record_too_large']),
    );
    for (const { text } of reading.malformed) {
      expect(Buffer.byteLength(text)).toBeGreaterThan(65_000);
      expect(long.startsWith(text)).toBe(true);
    }
    expect(reading.error).toBeUndefined();
  });

  it('start one byte above the limit', async () => {
    const text = '{"a":"0123456789"}';
    for (const body of [`[${text},${text}]`, `${text}\n${text}`]) {
      expect(valuesOf(await read(body, { maxRecordBytes: text.length }))).toHaveLength(2);
      expect((await read(body, { maxRecordBytes: text.length - 1 })).malformed).toHaveLength(2);
    }
  });

  it('may be anything else than records, and longer than any limit, in front of the envelope path', async () => {
    const reading = await read(
      `{"meta":[${long}],"external":{"ads":{"x":${long},"performance":[1]}},"y":${long}}`,
    );
    expect(reading.records).toEqual([[1, 1]]);
    expect(reading.malformed).toEqual([]);
    expect(reading.error).toBeUndefined();
  });
});

describe('an answer that ends in the middle', () => {
  const cases: [string, number, string][] = [
    ['[{"a":1},{"a":2},{"a":3', 2, 'in the middle of record 3; the 2 records before it were kept'],
    ['[{"a":1},x,{"a":3},{"a"', 2, 'in the middle of record 4; the 2 records before it were kept'],
    ['[{"a":1},{"a":2}', 2, 'before its list of records was closed; the 2 records before it were kept'],
    ['[{"a":1},12', 1, 'in the middle of record 2; the 1 record before it was kept'],
    ['[{"a":1}, ', 1, 'before its list of records was closed; the 1 record before it was kept'],
    ['[', 0, 'before its list of records was closed; no record came before it'],
    [
      '{"external":{"ads":{"performance":[{"a":1}]}',
      1,
      'before its last bracket; the 1 record before it was kept',
    ],
    ['{"external":{"ads":', 0, 'before external.ads.performance was reached; no record came before it'],
    ['{"a":1}\n{"a":2}\n{"a":', 2, 'in the middle of line 3; the 2 records before it were kept'],
    ['{"a":{"b":1', 0, 'in the middle of record 1; no record came before it'],
  ];

  it.each(cases)('%s', async (body, kept, message) => {
    for (const size of [1, 5, 1_000]) {
      const reading = await read(body, {}, [size]);
      expect(reading.records).toHaveLength(kept);
      expect(reading.error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: true });
      expect(reading.error?.message).toBe(`The body ended ${message}.`);
    }
  });

  it('wherever it was cut, is never taken for a whole one', async () => {
    const records = rows(4);
    for (const body of [enveloped(JSON.stringify(records)), JSON.stringify(records)]) {
      for (let end = 1; end < body.length; end++) {
        const reading = await read(body.slice(0, end));
        expect(reading.error?.code, body.slice(0, end)).toBe('SOURCE_MALFORMED');
        expect(valuesOf(reading)).toEqual(records.slice(0, reading.records.length));
      }
    }
  });

  it('because the connection broke, gives the records before it and then that error', async () => {
    const broken = new UtmqlError('SOURCE_UNAVAILABLE', 'broke off');
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('[{"a":1},{"a":2},{"a"');
      throw broken;
    }
    const reading = await readAll(body());
    expect(reading.records).toHaveLength(2);
    expect(reading.error).toBe(broken);
  });
});

describe('an answer that is no feed', () => {
  it.each([
    [
      '<!doctype html>\n<title>Sign in</title>',
      'The body is HTML, not JSON; it starts with ‘<!doctype html> <title>Sign in</title>’.',
    ],
    ['not found\u0000', 'The body is not JSON; it starts with ‘not found’.'],
    ['"quota exceeded"', 'The body is not JSON; it starts with ‘"quota exceeded"’.'],
    [
      '{"external":{"ads":{"performance":{}}}}',
      'The records are expected in an array at external.ads.performance, but what the body has there is not an array.',
    ],
    [
      '{"external":{"ads":{"rows":[]}}}',
      'The records are expected in an array at external.ads.performance, but the body has no performance in external.ads.',
    ],
    [
      '{"external":null}',
      'The records are expected in an array at external.ads.performance, but the body has no ads in external.',
    ],
    [
      '{"external"=1}',
      'The records are expected in an array at external.ads.performance, but the body is not valid JSON before that.',
    ],
  ])('%j', async (body, message) => {
    for (const size of [1, 1_000]) {
      const { error, records } = await read(body, {}, [size]);
      expect(error?.message).toBe(message);
      expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: false });
      expect(records).toEqual([]);
    }
  });

  it('says so when it is gzip in disguise', async () => {
    const { error } = await read(Buffer.from([0x1f, 0x8b, 0x08, 0x00]));
    expect(error?.message).toContain('Content-Encoding: gzip');
  });

  it('keeps the records when something follows their end', async () => {
    for (const body of [
      '[1,2] [3]',
      `${enveloped('[1,2]')}\n{}`,
      '{"external":{"ads":{"performance":[1,2]]}}}',
    ]) {
      const reading = await read(body);
      expect(valuesOf(reading)).toEqual([1, 2]);
      expect(reading.error?.code).toBe('SOURCE_MALFORMED');
    }
  });
});

describe('records that are not UTF-8', () => {
  const named = (bytes: string) => `{"a":"b${bytes}r"}`;
  it.each([
    ['NDJSON', `${named('\xe4')}\n${named('i')}\n${named('\xf6')}\n${named('u')}\n${named('\xfc')}`],
    ['an array', `[${[named('\xe4'), named('i'), named('\xf6'), named('u'), named('\xfc')].join(',')}]`],
    [
      'an envelope',
      enveloped(`[${[named('\xe4'), named('i'), named('\xf6'), named('u'), named('\xfc')].join(',')}]`),
    ],
  ])('are refused one by one with their bytes shown, in %s', async (_, body) => {
    for (const size of [1, 7, 65_536]) {
      const reading = await read(Buffer.from(body, 'latin1'), {}, [size]);
      expect(reading.records).toEqual([
        [2, { a: 'bir' }],
        [4, { a: 'bur' }],
      ]);
      expect(reading.malformed.map(({ position, text, detail }) => [position, text, detail])).toEqual(
        [
          [1, '{"a":"b\\xE4r"}'],
          [3, '{"a":"b\\xF6r"}'],
          [5, '{"a":"b\\xFCr"}'],
        ].map((flaw) => [...flaw, 'The record is not valid UTF-8.']),
      );
      expect(reading.error).toBeUndefined();
    }
  });

  it('are none where U+FFFD was sent', async () => {
    expect(valuesOf(await read('{"a":"\ufffd"}'))).toEqual([{ a: '\ufffd' }]);
  });
});

describe('records that are next to nothing', () => {
  const shortest = 300_000;

  it('come in small pieces of work, between which others have their turn', async () => {
    const sizes: number[] = [];
    const body = inChunks(Buffer.from(`[${'{},'.repeat(shortest)}{}]`), [1_048_576]);
    for await (const { records } of readJsonRecords(body, { envelope: ENVELOPE })) sizes.push(records.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(shortest + 1);
    expect(Math.max(...sizes)).toBeLessThan(3_000);
  });

  it('are given up where none is readable, after those that came before', async () => {
    const { records, malformed, error } = await read(`[{"a":1},${','.repeat(shortest)}{"a":2}]`);
    expect(records).toEqual([[1, { a: 1 }]]);
    expect(malformed.length).toBeLessThan(25_000);
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining('10,000 records followed each other that are none'),
    });
    const mixed = await read(`[${`${','.repeat(9_000)}{},`.repeat(5)}{}]`);
    expect(mixed.error).toBeUndefined();
    expect(mixed.records).toHaveLength(6);
  });

  it('what holds none is not worked on for ever', async () => {
    const batches = readFeed(
      inChunks(Buffer.from(' '.repeat(100_000)), [65_536]),
      (open) => new BodyStart({ batches: open, envelope: ENVELOPE, maxRecordBytes: 1_000 }),
      16_384,
      0,
    );
    await expect(batches.next()).rejects.toThrow('More than can be read in 0 s came without a record');
  });
});
