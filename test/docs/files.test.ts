import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask } from '../support/explore-data.ts';
import { emptyTables } from '../support/push-records.ts';
import { type SourceServer, startSourceServer } from '../support/source-server.ts';

const fixtures = fileURLToPath(new URL('../sources/fixtures/files/', import.meta.url));

/** The lines of the page, as they stand there. */
const page = await readFile(new URL('../../docs/sources.md', import.meta.url), 'utf8');
const [, section = ''] = /\n## Files that people have\n(.*?)\n## /s.exec(page) ?? [];
const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(section) ?? [];

type Figures = readonly [cost: number, clicks: number, impressions: number];

/** Each file, and its days from the 1st of August 2025 on, added up by hand. */
const ads: Record<
  string,
  { file: string; channel: string; days: readonly Figures[]; leftOut: number; summed?: number }
> = {
  google_download: {
    file: 'google-ads.csv',
    channel: 'google_ads',
    days: [
      [1_332.6, 1_514, 47_170],
      [1_109.67, 1_298, 41_860],
      [1_007.45, 1_267, 39_757],
    ],
    leftOut: 2,
  },
  meta_export: {
    file: 'meta.csv',
    channel: 'meta_ads',
    days: [
      [450.01, 518, 33_334],
      [450, 517, 33_333],
      [309.99, 374, 25_133],
    ],
    leftOut: 1,
  },
  microsoft_by_network: {
    file: 'microsoft.csv',
    channel: 'microsoft_ads',
    days: [
      [93, 185, 12_500],
      [42.95, 83, 2_110],
      [1_041, 89, 9_150],
    ],
    leftOut: 1,
    summed: 4,
  },
  microsoft_by_device: {
    file: 'microsoft.csv',
    channel: 'microsoft_by_device',
    days: [
      [93, 185, 12_500],
      [42.95, 83, 2_110],
      [1_041, 89, 9_150],
    ],
    leftOut: 1,
  },
  snap_hourly: {
    file: 'snap-hourly.csv',
    channel: 'snapchat_ads',
    days: [
      [26.25, 105, 900],
      [45.75, 183, 1_200],
      [24.75, 99, 600],
    ],
    leftOut: 0,
    summed: 12,
  },
  ga4_exploration: {
    file: 'ga4.csv',
    channel: 'ga4',
    days: [
      [876.45, 924, 39_100],
      [762.11, 861, 33_050],
      [164.75, 676, 3_000],
    ],
    leftOut: 1,
  },
  bigquery_export: {
    file: 'bigquery.ndjson',
    channel: 'bigquery',
    days: [
      [1_332.600001, 1_514, 47_170],
      [1_109.67, 1_298, 41_860],
      [1_000.05, 1_255, 39_117],
    ],
    leftOut: 0,
  },
  excel_de: {
    file: 'excel-de.csv',
    channel: 'excel',
    days: [
      [1_332.6, 1_514, 47_170],
      [1_017.9, 1_298, 41_860],
      [55.1, 1_255, 39_117],
    ],
    leftOut: 1,
  },
  excel_de_unicode: {
    file: 'excel-de.txt',
    channel: 'excel_unicode',
    days: [
      [1_332.6, 1_514, 47_170],
      [1_017.9, 1_298, 41_860],
      [55.1, 1_255, 39_117],
    ],
    leftOut: 1,
  },
};

type Deals = readonly [leads: number, closedWon: number, revenue: number];
const deals: Record<string, { file: string; days: Record<string, Deals>; leftOut: number }> = {
  hubspot_export: {
    file: 'hubspot-deals.csv',
    days: {
      '2025-08-01': [3, 1, 5_000],
      '2025-08-02': [2, 1, 12_345.67],
      '2025-08-03': [2, 1, 99.99],
    },
    leftOut: 0,
  },
  salesforce_report: {
    file: 'salesforce-report.csv',
    days: { '2025-08-11': [2, 1, 10_000], '2025-08-12': [2, 1, 2_345.67], '2025-08-13': [1, 0, 0] },
    leftOut: 5,
  },
};

let folder: string;
let server: SourceServer;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-files-'));
  const imports = join(folder, 'imports');
  await mkdir(imports);
  for (const name of await readdir(fixtures)) await copyFile(join(fixtures, name), join(imports, name));
  await writeFile(
    join(imports, 'bigquery.ndjson.gz'),
    gzipSync(await readFile(join(imports, 'bigquery.ndjson'))),
  );
  server = await startSourceServer(async ({ url = '' }, response) => {
    response.end(await readFile(join(fixtures, url.split('?')[0] ?? '')));
  });
  const { sources } = parse(yaml, { merge: true }) as { sources: Record<string, unknown>[] };
  const mappings = sources.map(({ adapter, files, url, mode, ...mapping }) => mapping);
  const file = join(folder, 'sources.yaml');
  await writeFile(file, `${yaml}\n${stringify({ mappings })}`);
  app = await startTestApp({ environment: { SOURCES_FILE: file, EXPORTS_URL: server.url } });
});
afterAll(async () => {
  await app.close();
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => emptyTables(app.store));

const range = (from: string, to: string) => `dateRange: { between: { from: "${from}", to: "${to}" } }`;

/** Figures by channel and day. */
async function spend(): Promise<Record<string, Figures[]>> {
  const { nodes } = await ask<{
    nodes: { channel: string; date: string; cost: number; clicks: number; impressions: number }[];
  }>(
    app,
    `metrics(${range('2025-07-01', '2025-09-30')} groupBy: [DATE, CHANNEL] first: 500) { nodes { date channel cost clicks impressions } }`,
  );
  const found: Record<string, Figures[]> = {};
  for (const { channel, date, ...figures } of nodes.toSorted((a, b) => a.date.localeCompare(b.date))) {
    if (channel === null) continue;
    const days = found[channel] ?? [];
    expect(date).toBe(`2025-08-0${days.length + 1}`);
    days.push([figures.cost, figures.clicks, figures.impressions]);
    found[channel] = days;
  }
  return found;
}

async function outcomes(): Promise<Record<string, Deals>> {
  const { nodes } = await ask<{
    nodes: { date: string; leads: number; closedWon: number; revenue: number }[];
  }>(
    app,
    `metrics(${range('2025-07-01', '2025-09-30')} groupBy: [DATE]) { nodes { date leads closedWon revenue } }`,
  );
  return Object.fromEntries(
    nodes.map(({ date, leads, closedWon, revenue }) => [date, [leads, closedWon, revenue]]),
  );
}

const expectedSpend = Object.fromEntries(Object.values(ads).map(({ channel, days }) => [channel, days]));
const expectedOutcomes = Object.assign({}, ...Object.values(deals).map(({ days }) => days));

it('each file of the page is loaded by its lines, to the cent', async () => {
  const runs = await app.pull(`, sources: ${JSON.stringify([...Object.keys(ads), ...Object.keys(deals)])}`);
  const told = runs.map(({ source, status, recordsRejected, skippedByReason, error }) => ({
    source,
    status,
    recordsRejected,
    error,
    skipped: Object.fromEntries(
      (skippedByReason as { name: string; count: number }[]).map(({ name, count }) => [name, count]),
    ),
  }));
  expect(Object.fromEntries(told.map(({ source, ...run }) => [source, run]))).toEqual(
    Object.fromEntries(
      Object.entries({ ...ads, ...deals }).map(([source, { leftOut, ...file }]) => [
        source,
        {
          status: 'SUCCEEDED',
          recordsRejected: 0,
          error: null,
          skipped: {
            ...(leftOut > 0 && { left_out: leftOut }),
            ...('summed' in file && { summed: file.summed }),
          },
        },
      ]),
    ),
  );
  expect(await spend()).toEqual(expectedSpend);
  expect(await outcomes()).toMatchObject(expectedOutcomes);
  const utms = await ask<{ nodes: unknown[] }>(
    app,
    `metrics(${range('2025-08-01', '2025-08-03')} groupBy: [UTM_CAMPAIGN] where: { utmMedium: { in: ["paid_social"] } }) { nodes { utmCampaign leads revenue } }`,
  );
  expect(utms.nodes).toContainEqual({ utmCampaign: 'retargeting, warm', leads: 2, revenue: 12_345.67 });
  const devices = await ask<{ nodes: unknown[] }>(
    app,
    `metrics(${range('2025-08-01', '2025-08-03')} breakdowns: ["device"] where: { breakdowns: [{ name: "network", eq: "Audience" }] }) {
      nodes { device: breakdown(name: "device") cost impressions } }`,
  );
  expect(devices.nodes).toEqual([
    { device: 'Tablet', cost: 11.05, impressions: 8_000 },
    { device: 'phone', cost: 12.65, impressions: 9_000 },
  ]);
  const names = await ask<{ nodes: unknown[] }>(
    app,
    `dimensionValues(dimension: UTM_CAMPAIGN, ${range('2025-08-01', '2025-08-03')} search: "ß") { nodes { value } }`,
  );
  expect(names.nodes).toEqual([{ value: 'größe xl' }]);
});

it('each is pushed with ?mapping= by the same lines, to the cent', async () => {
  const push = async (kind: string, mapping: string, file: string): Promise<unknown> => {
    const response = await fetch(`${app.url}/ingest/${kind}?mapping=${mapping}`, {
      method: 'POST',
      headers: { 'content-type': file.endsWith('.ndjson') ? 'application/x-ndjson' : 'text/csv' },
      body: await readFile(join(fixtures, file)),
    });
    return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
  };
  for (const [mapping, { file, leftOut, summed = 0 }] of Object.entries(ads)) {
    expect(await push('ad-performance', mapping, file)).toMatchObject({
      status: 200,
      rejected: 0,
      left_out: leftOut,
      duplicates: { conflicting: 0, summed },
    });
  }
  for (const [mapping, { file, leftOut }] of Object.entries(deals)) {
    expect(await push('opportunities', mapping, file)).toMatchObject({
      status: 200,
      rejected: 0,
      left_out: leftOut,
    });
  }
  expect(await spend()).toEqual(expectedSpend);
  expect(await outcomes()).toMatchObject(expectedOutcomes);
});
