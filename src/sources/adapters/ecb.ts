import type { UtmqlError } from '../../errors.ts';
import { malformedFeedError } from '../../formats/feed/feed-stage.ts';
import { leftOut } from '../../formats/feed/left-out.ts';
import type { MalformedRecord, RecordBatch } from '../../formats/feed/record-batch.ts';
import { isObject, type JsonObject } from '../../formats/json/parse.ts';
import { readRecords } from '../../formats/read-records.ts';
import { readXmlElements } from '../../formats/xml/elements.ts';
import { firstDay, formatDay } from '../../records/day.ts';
import type { Adapter } from './adapter.ts';
import { asText } from './platform-values.ts';

/**
 * Reference rates of the European Central Bank: `eurofxref-daily`, `-hist-90d` and `-hist` in XML or CSV, and CSV of its data
 * portal (SDMX). A row or `Cube` of a day becomes one record for each currency that has a rate.
 */
export const ecb: Adapter = {
  name: 'ecb',
  kinds: ['exchange_rate'],
  // Where records are in a file is part of its format.
  records: [],
  dateFormats: ['D MMMM YYYY'],
  async *read({ body }, { csv }) {
    const { byte, whole } = await peek(body);
    if (byte === openTag) yield* numbered(ratesOfXml(whole));
    else yield* numbered(ratesOfCsv(readRecords(whole, { format: 'csv', envelope: [], csv })));
  },
  record: (rate) => rate,
};

const base = 'EUR';
const openTag = '<'.charCodeAt(0);

/** Rates of a part of a file. */
interface RatesPart {
  readonly records: readonly unknown[];
  readonly malformed: readonly MalformedRecord[];
  readonly bytes: number;
}

/** Gives each record a position of its own: a line has many. */
async function* numbered(parts: AsyncIterable<RatesPart>): AsyncGenerator<RecordBatch> {
  let next = 1;
  for await (const { records, malformed, bytes } of parts) {
    const behind = next + records.length;
    yield {
      records,
      firstPosition: next,
      malformed: malformed.map((broken, index) => ({ ...broken, position: behind + index })),
      bytes,
    };
    next = behind + malformed.length;
  }
}

/** `<Cube time="2026-11-27"><Cube currency="USD" rate="1.0513"/>…</Cube>` */
async function* ratesOfXml(body: AsyncIterable<Uint8Array>): AsyncGenerator<RatesPart> {
  let root: string | undefined;
  let date: string | undefined;
  for await (const { elements, bytes } of readXmlElements(body)) {
    const records: unknown[] = [];
    for (const { name, attributes } of elements) {
      root ??= name;
      if (name !== 'Cube') continue;
      date = attributes.time ?? date;
      const { currency, rate } = attributes;
      if (currency !== undefined) records.push(...recordsOf(date, currency, rate));
    }
    yield { records, malformed: [], bytes };
  }
  if (date !== undefined) return;
  throw malformedFeedError(
    `The XML has no exchange rates: its root is ${root ?? 'missing'}, and it has no Cube with a time. Check the url; expected a file such as eurofxref-hist-90d.xml.`,
  );
}

async function* ratesOfCsv(batches: AsyncIterable<RecordBatch>): AsyncGenerator<RatesPart> {
  const count = { rows: 0, records: 0 };
  for await (const { records: rows, malformed, bytes } of batches) {
    const records = rows.flatMap(recordsOfRow);
    count.rows += rows.length;
    count.records += records.length;
    yield { records, malformed, bytes };
  }
  if (count.rows > 0 && count.records === 0) throw noRatesError('no row has one');
}

const noRatesError = (why: string): UtmqlError =>
  malformedFeedError(
    `The CSV has no exchange rates: ${why}; expected the columns Date, USD, JPY and so on, or TIME_PERIOD, CURRENCY, CURRENCY_DENOM and OBS_VALUE.`,
  );

/** A row by the names of its columns, in lower case: of a table with a column for each currency, or of the data portal. */
function recordsOfRow(row: unknown): readonly unknown[] {
  if (!isObject(row)) return [row];
  if ('time_period' in row) return recordsOfObservation(row);
  const currencies = Object.keys(row).filter((name) => /^[a-z]{3}$/.test(name));
  if (!('date' in row) || currencies.length === 0) {
    throw noRatesError(`a row has the columns ${Object.keys(row).slice(0, 10).join(', ')}`);
  }
  return currencies.flatMap((name) => recordsOf(row.date, name.toUpperCase(), row[name]));
}

/** An observation of the data set EXR: units of CURRENCY for one of CURRENCY_DENOM. */
const recordsOfObservation = ({
  time_period: date,
  currency,
  currency_denom: denominator,
  obs_value: rate = '',
}: JsonObject): readonly unknown[] => recordsOf(date, currency, rate, denominator);

/** One record; none where the file says that there is no rate on the day. Days before utmql's first are left out. */
function recordsOf(date: unknown, quote: unknown, rate: unknown, from: unknown = base): readonly unknown[] {
  if (typeof rate === 'string' && /^(n\/a|nan|)$/i.test(rate.trim())) return [];
  if (/^\d{4}-/.test(asText(date)) && asText(date) < formatDay(firstDay)) return [leftOut];
  return [{ date, base: from, quote, rate }];
}

/** Finds the first byte that is no white space. */
async function peek(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly byte: number | undefined; readonly whole: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let byte: number | undefined;
  while (byte === undefined) {
    const step = await chunks.next();
    if (step.done === true) break;
    head.push(step.value);
    byte = step.value.find((each) => each > 0x20 && !byteOrderMark.includes(each));
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* head;
      yield* { [Symbol.asyncIterator]: () => chunks };
    } finally {
      await chunks.return?.();
    }
  }
  return { byte, whole: whole() };
}

const byteOrderMark = [0xef, 0xbb, 0xbf];
