import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leftOut } from '../../src/formats/feed/left-out.ts';
import { createExchangeRateNormaliser, type ExchangeRate } from '../../src/records/exchange-rate.ts';
import { type Behaviour, cutAfter, status, streamed, text } from '../support/source-server.ts';
import {
  fixture,
  normalised,
  openOne,
  type ReadSource,
  read,
  recordsOf,
  serve,
  temporaryFolder,
} from './support.ts';

const open = async (behaviour: Behaviour, more = '') => {
  const server = await serve({ '/rates': behaviour });
  return openOne(`
sources:
  - name: ecb
    adapter: ecb
    url: ${server.url}/rates
    ${more}`);
};
const readBody = async (body: string, type = 'text/plain'): Promise<ReadSource> =>
  read(await open(text(body, { 'content-type': type }), 'attempts: 1'));

/** `2025-08-01 EUR/USD 1.1404` */
const shown = ({ day, base, quote, rate }: ExchangeRate): string =>
  `${new Date(day * 86_400_000).toISOString().slice(0, 10)} ${base}/${quote} ${rate}`;

async function ratesOf(behaviour: Behaviour, more = '') {
  const source = await open(behaviour, more);
  const raw = await recordsOf(source);
  const { records, rejects, repairs } = normalised(
    raw.filter((record) => record !== leftOut),
    createExchangeRateNormaliser(source.rules),
  );
  return {
    rates: records.map(shown),
    rejects,
    repairs,
    leftOut: raw.filter((record) => record === leftOut).length,
  };
}

const first = [
  '2025-08-01 EUR/USD 1.1404',
  '2025-08-01 EUR/JPY 171.17',
  '2025-08-01 EUR/BGN 1.9558',
  '2025-08-01 EUR/ISK 140.8',
];
const second = [
  '2025-07-31 EUR/USD 1.1446',
  '2025-07-31 EUR/JPY 171.03',
  '2025-07-31 EUR/BGN 1.9558',
  '2025-07-31 EUR/ISK 140.6',
];

describe('the adapter ecb', () => {
  it('reads the CSV of all days: a rate for each cell with a number, none for N/A; days before 2000 are left out', async () => {
    const found = await ratesOf(text(await fixture('eurofxref-hist.csv'), { 'content-type': 'text/csv' }));
    expect(found).toMatchObject({ rejects: [], repairs: {}, leftOut: 3 });
    expect(found.rates).toEqual([
      ...first,
      ...second,
      '2025-07-30 EUR/USD 1.1527',
      '2025-07-30 EUR/JPY 170.96',
      '2025-07-30 EUR/BGN 1.9558',
      '2025-07-30 EUR/ISK 140.4',
      '2022-03-01 EUR/USD 1.1162',
      '2022-03-01 EUR/JPY 128.2',
      '2022-03-01 EUR/BGN 1.9558',
      '2022-03-01 EUR/RUB 117.201',
      '2022-03-01 EUR/ISK 141.3',
    ]);
  });

  it('reads the CSV of a day, with its date in words', async () => {
    expect(await ratesOf(text(await fixture('eurofxref-daily.csv')))).toEqual({
      rates: first,
      rejects: [],
      repairs: {},
      leftOut: 0,
    });
  });

  it('reads the XML of a day, also where its bytes come one by one', async () => {
    const body = await fixture('eurofxref-daily.xml');
    for (const behaviour of [text(body, { 'content-type': 'text/xml' }), streamed(() => [...body])]) {
      expect(await ratesOf(behaviour)).toMatchObject({ rates: first, rejects: [], leftOut: 0 });
    }
  });

  it('reads the XML of all days', async () => {
    const found = await ratesOf(text(await fixture('eurofxref-hist.xml')));
    expect(found).toMatchObject({ rejects: [], leftOut: 2 });
    expect(found.rates).toEqual([
      ...first,
      ...second,
      '2022-03-01 EUR/USD 1.1162',
      '2022-03-01 EUR/RUB 117.201',
    ]);
  });

  it('reads CSV of the data portal; a month is no day', async () => {
    const found = await ratesOf(text(await fixture('ecb-exr.csv')));
    expect(found.rates).toEqual([second[0], first[0]]);
    expect(found.rejects).toMatchObject([
      { reason: 'invalid_date', detail: expect.stringContaining('"2025-07"') },
    ]);
  });

  it('reads files, and takes what `where` names', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'rates.xml'), await fixture('eurofxref-hist.xml'));
    const source = await openOne(
      'sources: [{ name: ecb, adapter: ecb, files: rates.xml, where: { quote: [USD] } }]',
      { folder },
    );
    const records = (await recordsOf(source)).filter((record) => record !== leftOut);
    expect(records.map((record) => (record as { date: string }).date)).toEqual([
      '2025-08-01',
      '2025-07-31',
      '2022-03-01',
    ]);
  });

  it('gives each record a position of its own, rows that cannot be read included', async () => {
    const source = await open(text('Date,USD,JPY,\n2025-08-01,1,2,\n2025-07-31,1,2,3,4\n2025-07-30,1,2,\n'));
    const positions: number[] = [];
    for await (const page of source.pages({
      signal: AbortSignal.timeout(5_000),
      logger: (await import('../support/database.ts')).silent,
    })) {
      for await (const { records, malformed, firstPosition } of source.reader()(page)) {
        positions.push(...records.map((_, index) => firstPosition + index));
        positions.push(...malformed.map(({ position }) => position));
      }
    }
    expect(positions.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('what is no file of the ECB', () => {
  const page =
    '<!DOCTYPE html>\n<html lang="en"><head><title>Sorry</title></head><body>Back soon<br></body></html>';

  it.each([
    ['an error page', page, 'The body is HTML, not XML; it starts with ‘<!DOCTYPE html>'],
    ['an error page without a type', '<html><body>no</body></html>', 'The body is HTML, not XML'],
    ['other XML', '<error><code>500</code></error>', 'its root is error, and it has no Cube with a time'],
    ['XML that is none', '<Cube time="2025-08-01"><Cube currency=USD/></Cube>', 'not well-formed XML'],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>', 'not well-formed XML'],
    ['a CSV without its day', 'Day,USD\n2025-08-01,1.1\n', 'a row has the columns day, usd'],
    ['a CSV without currencies', 'Date,Dollar\n2025-08-01,1.1\n', 'a row has the columns date, dollar'],
    ['a CSV without observations', 'TIME_PERIOD,CURRENCY\n2025-08-01,USD\n', 'no row has one'],
    ['JSON', '{"error":"no"}\n{"error":"no"}\n', 'The header line cannot be read.'],
  ])('%s is an error', async (_, body, message) => {
    const { error } = await readBody(body);
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', retryable: false });
    expect(error?.message).toContain(message);
  });

  it('a truncated file is one to ask for again', async () => {
    const xml = await fixture('eurofxref-hist.xml');
    expect((await readBody(xml.slice(0, xml.indexOf('2025-07-31')))).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: 'The XML ended before the end of its root element.',
      retryable: true,
    });
    const cut = await read(await open(cutAfter(xml.slice(0, 700), xml.length), 'attempts: 1'));
    expect(cut.error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    expect((await readBody('Date,USD,JPY,\n2025-08-01,1.14,171,\n2025-07-31,1.1')).error).toMatchObject({
      retryable: true,
    });
    expect((await read(await open(status(503), 'attempts: 1'))).error?.code).toBe('SOURCE_UNAVAILABLE');
  });

  it('a document without an end is not kept in memory', async () => {
    const filler = `<a>${' '.repeat(1_048_576)}`;
    const endless = streamed(function* () {
      yield '<root>';
      for (let index = 0; index < 70; index++) yield filler;
    });
    const { error } = await read(await open(endless, 'timeout_ms: 60000'));
    expect(error?.message).toBe('The XML is longer than 64 MiB.');
  });

  it('an attribute that is gone makes records that are rejected, and not none', async () => {
    const { rates, rejects } = await ratesOf(
      text((await fixture('eurofxref-daily.xml')).replaceAll('rate=', 'value=')),
    );
    expect(rates).toEqual([]);
    expect(rejects.map(({ detail }) => detail)).toEqual(Array.from({ length: 4 }, () => 'rate is missing.'));
  });
});
