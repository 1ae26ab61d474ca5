import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leftOut } from '../../src/formats/feed/left-out.ts';
import { formatDay } from '../../src/records/day.ts';
import { elementPathOf } from '../../src/sources/mapping/element-path.ts';
import { createSpread } from '../../src/sources/mapping/spread.ts';
import { adsOf, micros, openOne, read, recordsOf, temporaryFolder } from './support.ts';

/** A source that reads these files of one folder. */
async function sourceOf(settings: string, files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return openOne(
    `sources:\n  - { name: a, kind: ad_performance, adapter: csv, files: a.csv, channel: x, ${settings} }`,
    {
      folder,
    },
  );
}

const head = 'date,campaign_id,clicks,impressions,cost';
const row = '2025-08-01,C1,1,10,5.5';

describe('the rows of a source', () => {
  it('are those that where names; the others are left out in their place', async () => {
    const source = await sourceOf('where: { Level: { not: ["Total*", ""] }, Status: [active, paused] }', {
      'a.csv': `${head},Level,Status\n${row},Ad,Active\n${row},Total: Account,Active\n${row},ad,Removed\n${row},,active\n`,
    });
    expect((await recordsOf(source)).map((record) => record === leftOut)).toEqual([false, true, true, true]);
  });

  it('that are no rows of the table are left out by a value that they have, not by what they lack', async () => {
    const readFrom = async (where: string, lines: string) => {
      const source = await sourceOf(`where: ${where}`, { 'a.csv': `${head},Level\n${row},ad\n${lines}` });
      const { records, malformed, error } = await read(source);
      return { leftOut: records.map((record) => record === leftOut), malformed, error: error?.message };
    };
    const footer = '"Copyright (c) 2025"\n2025-08-02,C1,1';
    expect(
      await readFrom('{ date: { not: "Copyright*" } }', '"Copyright (c) 2025"\n"Copyright (c) Ana"'),
    ).toEqual({
      leftOut: [false, true, true],
      malformed: 0,
      error: undefined,
    });
    // Its last row was cut off in the middle, so it has no level.
    expect(await readFrom('{ Level: { not: "" } }', footer)).toEqual({
      leftOut: [false],
      malformed: 1,
      error: expect.stringContaining('in the middle of line 4'),
    });
    expect(await readFrom('{ date: { not: "" } }', `,,5,50,5.5,,Grand total\n${row},ad,more\n`)).toEqual({
      leftOut: [false, true],
      malformed: 1,
      error: undefined,
    });
    expect(await readFrom('{ column_7: { not: "Grand total" } }', '')).toMatchObject({
      error: expect.stringContaining('no column "column_7"'),
    });
  });

  it('may have a heading with a dot at its end', async () => {
    const source = await sourceOf('fields: { impressions: Impr., utm_term: a.b }', {
      'a.csv': 'date,campaign_id,clicks,cost,Impr.\n2025-08-01,C1,1,5.5,70\n',
    });
    expect(await recordsOf(source)).toMatchObject([{ impressions: '70' }]);
    const renamed = await sourceOf('fields: { impressions: Impr. }', { 'a.csv': `${head}\n${row}\n` });
    expect((await read(renamed)).error?.message).toContain('no column "impr."');
  });

  it('keep a column in its own field when another is mapped to it', async () => {
    const source = await sourceOf('fields: { utm_campaign: Campaign ID, ad_id: Note }', {
      'a.csv': `${head},Note\n${row},n\n`,
    });
    expect(await recordsOf(source)).toMatchObject([{ campaign_id: 'C1', utm_campaign: 'C1', ad_id: 'n' }]);
    expect(await recordsOf(source)).not.toMatchObject([{ note: 'n' }]);
  });

  it('have keys of several columns, values that are mapped, and JSON in cells', async () => {
    const source = await sourceOf(
      'fields: { campaign_id: { concat: [Account, Unit, Name], separator: "/" }, utm_source: URL Tags.0.value, utm_medium: Platform }, map: { utm_medium: { FB: paid_social } }',
      {
        'a.csv': `date,Account,Unit,Name,Platform,URL Tags\n2025-08-01,7,,N,fb,"[{""key"":""s"",""value"":""news""}]"\n2025-08-01,,,,IG,[broken\n`,
      },
    );
    expect(await recordsOf(source)).toMatchObject([
      { campaign_id: '7//N', utm_source: 'news', utm_medium: 'paid_social' },
      { campaign_id: undefined, utm_source: undefined, utm_medium: 'IG' },
    ]);
  });

  it('get defaults and the UTMs of the landing page where a word for nothing stands', async () => {
    const source = await sourceOf('landing_url_field: Page, defaults: { utm_medium: cpc }', {
      'a.csv': `${head},utm_source,utm_medium,Page\n${row},(not set),--,https://e.example/#utm_source=news\n`,
    });
    expect(await recordsOf(source)).toMatchObject([{ utm_source: 'news', utm_medium: 'cpc' }]);
  });
});

describe('a table', () => {
  it('begins behind the lines that are none of it', async () => {
    const source = await sourceOf('skip_rows: 2', { 'a.csv': `Report\n"1 Aug, 2025"\n${head}\n${row}\n` });
    expect(await recordsOf(source)).toMatchObject([{ campaign_id: 'C1', cost: '5.5' }]);
  });

  it('may have a heading twice that nobody reads, and no other', async () => {
    const files = { 'a.csv': `${head},Note,Note,note_2\n${row},a,b,c\n` };
    expect(await recordsOf(await sourceOf('mode: replace', files))).toMatchObject([
      { note: 'a', note_2: 'c', note_3: 'b' },
    ]);
    const { error } = await read(await sourceOf('fields: { utm_term: Note }', files));
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining('"note" twice'),
    });
    const own = await read(await sourceOf('mode: replace', { 'a.csv': `${head},Cost\n${row},7\n` }));
    expect(own.error).toMatchObject({ code: 'SOURCE_MALFORMED' });
    const elsewhere = await sourceOf('fields: { cost: Spend }', {
      'a.csv': `${head},cost,Spend\n${row},7,8\n`,
    });
    expect(await recordsOf(elsewhere)).toMatchObject([{ cost: '8' }]);
  });

  it('must have the columns that rows are chosen by', async () => {
    const source = await sourceOf('where: { Levle: { not: Total } }', { 'a.csv': `${head}\n${row}\n` });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringMatching(/^The header has no column "levle"; it has "/),
    });
  });

  it('must have the columns that fields are taken from, and says which there are', async () => {
    const source = await sourceOf('fields: { date: Day, campaign_id: Campaign, cost: Ad Spend }', {
      'a.csv': 'Day,Campaign,Amount Spent\n2025-08-01,C-1,5\n',
    });
    expect((await read(source)).error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message:
        'The header has no column "ad_spend"; it has "day", "campaign", "amount_spent". Say which column it is now, or send it.',
    });
  });

  const text = `${head},utm_campaign\n${row},frühling\n`;
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  it.each([
    ['utf-8', Buffer.from(`\ufeff${text}`)],
    ['windows-1252', Buffer.from(text, 'latin1')],
    ['iso-8859-1', Buffer.from(text, 'latin1')],
    ['utf-16', utf16],
    ['utf-16le', utf16],
    ['utf-16', Buffer.from(utf16).swap16()],
    ['utf-16be', Buffer.from(utf16).swap16()],
  ])('is read in %s', async (encoding, bytes) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.csv'), bytes);
    const yaml = `sources: [{ name: a, kind: ad_performance, adapter: csv, files: a.csv, encoding: ${encoding} }]`;
    expect(await recordsOf(await openOne(yaml, { folder }))).toMatchObject([{ utm_campaign: 'frühling' }]);
  });

  it('in another encoding than it says is refused', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.csv'), Buffer.concat([Buffer.from(text, 'utf16le'), Buffer.from([0])]));
    const yaml = 'sources: [{ name: a, kind: ad_performance, adapter: csv, files: a.csv, encoding: utf-16 }]';
    expect((await read(await openOne(yaml, { folder }))).error).toMatchObject({ code: 'SOURCE_MALFORMED' });
  });
});

describe('a look-up file', () => {
  const settings =
    'lookups: [{ file: names.csv, key: ID, by: campaign_id, fields: { utm_campaign: Name, utm_source: Source } }]';

  it('says what it has a value for, and is read again when it has changed', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'a.csv'),
      `${head},utm_source\n${row},own\n${row.replace('C1', 'C2')},own\n`,
    );
    await writeFile(join(folder, 'names.csv'), 'ID,Name,Source\nC1,Spring,\n');
    const source = await openOne(
      `sources:\n  - { name: a, kind: ad_performance, adapter: csv, files: a.csv, ${settings} }`,
      { folder },
    );
    const taken = async () =>
      adsOf(source, await recordsOf(source)).records.map(({ utmCampaign, utmSource }) => [
        utmCampaign,
        utmSource,
      ]);
    expect(await taken()).toEqual([
      ['spring', 'own'],
      ['unknown', 'own'],
    ]);
    await writeFile(join(folder, 'names.csv'), 'ID,Name,Source\nC1,Spring,news\nC2,Summer sale,\n');
    expect(await taken()).toEqual([
      ['spring', 'news'],
      ['summer sale', 'own'],
    ]);
  });

  it.each([
    [{}, 'SOURCE_UNAVAILABLE', 'cannot be read'],
    [{ 'names.csv': 'ID,Name\nC1,a\nC1,b\n' }, 'SOURCE_MALFORMED', 'two rows for "C1" that differ'],
    [{ 'names.csv': 'ID,Name\nC1\n' }, 'SOURCE_MALFORMED', ''],
  ])('that is not one ends the run: %j', async (files, code, message) => {
    const source = await sourceOf(settings, { 'a.csv': `${head}\n${row}\n`, ...files });
    const { error, records } = await read(source);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(records).toEqual([]);
  });
});

describe('a row that sums up several days', () => {
  const rules = { timezone: 'UTC', currency: 'USD' };
  const spread = createSpread({ start: elementPathOf(['from']), end: elementPathOf(['to']) }, rules);

  it('becomes one record a day, through the settings', async () => {
    const source = await sourceOf('spread: { start: From, end: To }, decimal: ","', {
      'a.csv':
        'From;To;campaign_id;clicks;impressions;cost\n2025-08-01;2025-08-03;C1;10;1.000;100,00\n2025-08-01;soon;C1;1;1;1\n2025-08-02;2025-08-01;C1;1;1;1\n2025-08-04;2025-08-04;C1;x;1;1\n',
    });
    const { records, rejects } = adsOf(source, await recordsOf(source));
    expect(
      records.map(({ day, clicks, impressions, cost }) => [formatDay(day), clicks, impressions, cost]),
    ).toEqual([
      ['2025-08-01', 4, 334, 33.34],
      ['2025-08-02', 3, 333, 33.33],
      ['2025-08-03', 3, 333, 33.33],
    ]);
    expect(rejects.map(({ reason, field }) => [reason, field])).toEqual([
      ['invalid_date', 'date'],
      ['invalid_date', 'date'],
      ['invalid_number', 'clicks'],
    ]);
  });

  it('sums to what it was, to the last cent and click', () => {
    const element = fc.record({
      clicks: fc.nat(),
      impressions: fc.nat(),
      cost: fc.oneof(
        fc.nat({ max: 10 ** 9 }).map((cents) => cents / 100),
        fc.nat({ max: 10 ** 12 }).map((millionths) => millionths / 10 ** 6),
      ),
    });
    fc.assert(
      fc.property(element, fc.integer({ min: 0, max: 27 }), (figures, more) => {
        const raw = { ...figures, from: '2025-08-01', to: `2025-08-${String(more + 1).padStart(2, '0')}` };
        const parts = spread(raw, raw) as (typeof figures)[];
        expect(parts).toHaveLength(more + 1);
        expect(micros(parts.map(({ cost }) => cost))).toBe(micros([figures.cost]));
        for (const name of ['clicks', 'impressions'] as const) {
          expect(parts.reduce((sum, part) => sum + part[name], 0)).toBe(figures[name]);
        }
      }),
    );
  });
});
