import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask } from '../support/explore-data.ts';
import { emptyTables } from '../support/push-records.ts';

const german = `
  - name: german
    kind: ad_performance
    decimal: ","
    date_format: DD.MM.YYYY
    channel: google_ads
    fields: { date: Tag, campaign_id: Kampagne, cost: Kosten }
    where: { Status: { not: pausiert } }
  - { name: weekly, kind: ad_performance, channel: x, spread: { start: Von, end: Bis } }
  - { name: named, kind: ad_performance, channel: x, lookups: [{ file: names.csv, key: id, by: campaign_id, fields: { utm_campaign: name } }] }
  - { name: log, kind: event, fields: { service: app } }`;

let folder: string;
let file: string;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-mappings-'));
  file = join(folder, 'sources.yaml');
  await writeFile(file, `mappings:${german}`);
  await writeFile(join(folder, 'names.csv'), 'id,name\nC-1,back to school\n');
  app = await startTestApp({
    environment: { SOURCES_FILE: file, LOG_LEVEL: 'silent', EVENT_RETENTION_DAYS: '20000' },
  });
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  await emptyTables(app.store);
  await writeFile(file, `mappings:${german}`);
  await app.reload();
});

const post = async (
  path: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const retry = async (input: Record<string, unknown>): Promise<Record<string, unknown>> => {
  const { data, errors } = await app.query(
    'mutation ($input: RetryRejectedRecordsInput!) { retryRejectedRecords(input: $input) { accepted rejected records { accepted reason detail } } }',
    { input: { where: { source: 'push' }, ...input } },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return (data as unknown as { retryRejectedRecords: Record<string, unknown> }).retryRejectedRecords;
};
const ads = async (): Promise<readonly Record<string, unknown>[]> =>
  (
    await ask<{ nodes: Record<string, unknown>[] }>(
      app,
      'adPerformance(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }) { nodes { date campaignId cost channel utmCampaign } }',
    )
  ).nodes;
const row = { Tag: '03.08.2025', Kampagne: 'C-1', Kosten: '1.234,5x', Status: 'aktiv' };

describe('retryRejectedRecords', () => {
  it('reads a record as it was pushed: the patch is of what came, or of fields of the contract', async () => {
    await post('ad-performance?mapping=german', [row, { ...row, Kampagne: 'C-2' }]);
    expect(await retry({})).toMatchObject({ accepted: 0, rejected: 2 });
    expect(await retry({ patch: { Kosten: '1.234,56' }, limit: 1 })).toMatchObject({ accepted: 1 });
    expect(await retry({ patch: { cost: 7.5 } })).toMatchObject({ accepted: 1 });
    const rows = await ads();
    expect(rows.map(({ date, cost, channel }) => [date, cost, channel])).toEqual([
      ['2025-08-03', expect.any(Number), 'google_ads'],
      ['2025-08-03', expect.any(Number), 'google_ads'],
    ]);
    expect(rows.map(({ cost }) => cost).sort()).toEqual([1_234.56, 7.5]);
  });

  it('by parameters alone, too, and events', async () => {
    await post('ad-performance?decimal=,', [
      { date: '2025-08-03', campaign_id: 'C-3', channel: 'x', cost: '1,2,3' },
    ]);
    expect(await retry({ patch: { cost: '1.002,25' } })).toMatchObject({ accepted: 1 });
    expect(await ads()).toMatchObject([{ cost: 1_002.25 }]);
    await post('events?mapping=log', [{ app: { no: 'text' }, event_id: 'E' }]);
    expect(await retry({ patch: { app: 'shop' } })).toMatchObject({ accepted: 1 });
  });

  it('gives a row that sums up days all of them', async () => {
    await post('ad-performance?mapping=weekly', [
      { Von: '2025-08-01', Bis: '2025-08-02', campaign_id: 'C-1', cost: 'much' },
    ]);
    expect(await retry({ patch: { cost: 1.01 } })).toMatchObject({ accepted: 1 });
    expect((await ads()).map(({ date, cost }) => [date, cost]).sort()).toEqual([
      ['2025-08-01', 0.51],
      ['2025-08-02', 0.5],
    ]);
  });

  it('reads a record that was pulled as its source does: it is kept as it came', async () => {
    const source = `sources:\n  - { name: files, adapter: csv, kind: ad_performance, files: [ads.csv], decimal: ",", date_format: DD.MM.YYYY, channel: x, fields: { date: Tag, campaign_id: Kampagne, cost: Kosten } }\n`;
    await writeFile(file, source);
    await writeFile(
      join(folder, 'ads.csv'),
      'Tag;Kampagne;Kosten\n03.08.2025;C-1;1,50\n03.08.2025;C-2;2,5o\n',
    );
    await app.reload();
    expect(await app.pull('sources: ["files"]')).toMatchObject([{ recordsWritten: 1, recordsRejected: 1 }]);
    const { nodes } = await ask<{ nodes: { record: string }[] }>(
      app,
      'rejectedRecords(where: { source: "files" }) { nodes { record } }',
    );
    expect(nodes.map(({ record }) => JSON.parse(record))).toEqual([
      { tag: '03.08.2025', kampagne: 'C-2', kosten: '2,5o' },
    ]);
    const where = { source: 'files' };
    expect(await retry({ where, patch: { kosten: '2,50' } })).toMatchObject({ accepted: 1 });
    expect((await ads()).map(({ campaignId, cost, channel }) => [campaignId, cost, channel])).toEqual(
      expect.arrayContaining([['C-2', 2.5, 'x']]),
    );
    await writeFile(
      join(folder, 'ads.csv'),
      'Tag;Kampagne;Kosten\n03.08.2025;C-1;1,50\n03.08.2025;C-3;2,5o\n',
    );
    await app.pull('sources: ["files"], guard: OFF');
    await writeFile(file, source.replace('name: files', 'name: other'));
    await app.reload();
    expect(await retry({ where, patch: { kosten: '2,50' } })).toMatchObject({
      records: [{ accepted: false, reason: 'mapping_unavailable' }],
    });
  });

  it('says why it cannot: a mapping that is gone, a row of a sum, one that is left out now', async () => {
    await post('ad-performance?mapping=german', [row]);
    expect(await retry({ patch: { Status: 'pausiert' } })).toMatchObject({
      records: [{ accepted: false, reason: 'left_out' }],
    });
    await writeFile(file, `mappings:${german.replace('name: german', 'name: french')}`);
    await app.reload();
    expect(await retry({ patch: { Kosten: '1,5' } })).toMatchObject({
      records: [
        {
          accepted: false,
          reason: 'mapping_unavailable',
          detail: expect.stringContaining('mapping is "german": there is no such mapping; accepted: french,'),
        },
      ],
    });
    await emptyTables(app.store);
    await post('ad-performance?duplicates=sum', [
      { date: '2025-08-01', campaign_id: 'C', channel: 'x', cost: 5 },
      { date: '2025-08-01', campaign_id: 'C', channel: 'x', cost: 'x' },
    ]);
    expect(await retry({ patch: { cost: 1 } })).toMatchObject({ records: [{ reason: 'part_of_sum' }] });
    expect(await ads()).toMatchObject([{ cost: 5 }]);
  });
});

it('a row that could not be read of a pulled feed that is summed is not taken alone', async () => {
  await writeFile(
    file,
    'sources:\n  - { name: hourly, kind: ad_performance, files: hourly.json, duplicates: sum, channel: x }\n',
  );
  const row = (hour: number, cost: unknown) => ({ date: '2025-08-01', campaign_id: 'C', hour, cost });
  await writeFile(join(folder, 'hourly.json'), JSON.stringify([row(0, 2), row(1, 3), row(2, 'x')]));
  await app.reload();
  await app.pull(', sources: ["hourly"]');
  expect(await retry({ where: { source: 'hourly' }, patch: { cost: 1 } })).toMatchObject({
    records: [{ accepted: false, reason: 'part_of_sum' }],
  });
  expect(await ads()).toMatchObject([{ cost: 5 }]);
});

it('a look-up file is read anew when it changes; one that is gone is told of, and nothing is stored', async () => {
  const record = { date: '2025-08-01', campaign_id: 'C-1', cost: 1 };
  expect(await post('ad-performance?mapping=named', [record])).toMatchObject({ status: 200 });
  expect(await ads()).toMatchObject([{ utmCampaign: 'back to school' }]);
  await rm(join(folder, 'names.csv'));
  expect(await post('ad-performance?mapping=named', [{ ...record, campaign_id: 'C-2' }])).toMatchObject({
    status: 503,
    body: {
      error: {
        message: expect.stringMatching(
          /^The look-up file names\.csv of mapping named cannot be read; check its path/,
        ),
      },
    },
  });
  expect(await ads()).toHaveLength(1);
});

it('a reload takes on other mappings, and none where one is wrong', async () => {
  const push = () =>
    post('ad-performance?mapping=new', [{ date: '2025-08-01', campaign_id: 'C', cost: '1,5' }]);
  expect(await push()).toMatchObject({ status: 400 });
  await writeFile(file, 'mappings:\n  - { name: new, kind: ad_performance, channel: x, decimal: "," }\n');
  await app.reload();
  expect(await push()).toMatchObject({ status: 200, body: { accepted: 1 } });
  await writeFile(file, 'mappings:\n  - { name: new, kind: ad_performance, decimal: ";" }\n');
  await app.reload();
  expect(await push()).toMatchObject({ status: 200, body: { accepted: 1 } });
});
