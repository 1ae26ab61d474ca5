import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { push } from './push.ts';

const model = `
aliases:
  utm_source:
    facebook: [fb, "it's"]
dimensions:
  paid_channel:
    description: Paid or not.
    otherwise: "other 'kinds'"
    rules:
      - { value: "Pay\\\\per 'click'", when: { utm_medium: [cpc] } }
  country:
    description: Country of the campaign.
    of: campaign_id
    pattern: "^(?<country>[a-z]{2})-"
  stage:
    description: By a list.
    of: channel
    lookup: { file: channels.csv, key: channel, value: group }
measures:
  brand_cost:
    description: Spend on the brand.
    sum: cost
    where: { utm_campaign: { contains: brand } }
`;
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-04" } }';
const text = (value: unknown): string => (value === null ? '' : String(value));

let app: TestApp;
let folder: string;
let modelFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-model-'));
  modelFile = join(folder, 'model.yaml');
  await writeFile(modelFile, model);
  await writeFile(join(folder, 'channels.csv'), 'channel,group\ngoogle_ads,search\nmeta_ads,social\n');
  app = await startTestApp({ environment: { MODEL_FILE: modelFile, LOG_LEVEL: 'silent', SQL_VIEWS: 'on' } });
  await push(app);
}, 60_000);
afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true });
});

/** Rows of a statement as texts. */
async function rows(statement: string): Promise<string[][]> {
  const answer = await app.store.read(new Sql([statement], []));
  return answer.rows.map((row) => row.map(text));
}
const columnsOf = async (view: string): Promise<string[]> =>
  (
    await rows(
      `SELECT name FROM system.columns WHERE database = '${app.store.database}' AND table = '${view}' ORDER BY position`,
    )
  ).flat();

it('both views are there soon after the start, with the dimensions and sums of the model', async () => {
  await vi.waitFor(async () => expect(await columnsOf('opportunities_current')).not.toEqual([]), 10_000);
  expect(await columnsOf('metrics_daily')).toEqual(
    (
      'workspace date channel campaign_id ad_group_id ad_id utm_campaign utm_source utm_medium utm_content utm_term currency match ' +
      'paid_channel country own_stage breakdowns impressions clicks cost conversions conversion_value leads opportunities ' +
      'closed_won revenue brand_cost'
    ).split(' '),
  );
  expect(await columnsOf('opportunities_current')).toEqual(
    (
      'workspace date opportunity_id namespace source created_at closed_at closed_date stage stage_name amount channel campaign_id ' +
      'utm_campaign utm_source utm_medium utm_content utm_term currency match paid_channel country own_stage'
    ).split(' '),
  );
});

const measures =
  'impressions clicks cost conversions conversionValue leads opportunities closedWon revenue brandCost';
const sums = measures
  .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  .split(' ')
  .map((name) => `sum(${name})`)
  .join(', ');
it.each([
  ['DATE', 'date'],
  ['CHANNEL', 'channel'],
  ['CAMPAIGN_ID', 'campaign_id'],
  ['UTM_SOURCE', 'utm_source'],
  ['MATCH', 'match'],
  ['PAID_CHANNEL', 'paid_channel'],
  ['COUNTRY', 'country'],
  ['STAGE', 'own_stage'],
])('by %s, the rows are those of `metrics`, to the last digit, and add up to its totals', async (dimension, column) => {
  const field =
    column === 'own_stage'
      ? 'stage'
      : dimension.toLowerCase().replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
  for (const workspace of ['acme', 'other'])
    for (const currency of ['EUR', 'USD']) {
      const asked = await app.query(
        `{ metrics(${range}, groupBy: [${dimension}], where: { currency: { eq: "${currency}" } }, first: 1000) {
          nodes { ${field} ${measures} } totals { ${measures} } } }`,
        {},
        { 'x-workspace': workspace },
      );
      expect(asked.errors).toBeUndefined();
      const { nodes, totals } = (
        asked.data as unknown as {
          metrics: { nodes: Record<string, unknown>[]; totals: Record<string, unknown> };
        }
      ).metrics;
      const where = `WHERE workspace = '${workspace}' AND currency = '${currency}' AND date BETWEEN '2025-08-01' AND '2025-08-04'`;
      const found = await rows(`SELECT ${column}, ${sums} FROM metrics_daily ${where} GROUP BY ${column}`);
      const names = measures.split(' ');
      const expected = nodes.map((node) => [text(node[field]), ...names.map((name) => text(node[name]))]);
      expect(found.sort()).toEqual(expected.sort());
      expect(found.length).toBeGreaterThan(0);
      const [all] = await rows(`SELECT ${sums} FROM metrics_daily ${where}`);
      expect(all).toEqual(names.map((name) => text(totals[name])));
    }
});

it('has one row a workspace, day and key', async () => {
  const columns = await columnsOf('metrics_daily');
  const keys = columns.slice(0, columns.indexOf('impressions'));
  const [[count, different] = []] = await rows(
    `SELECT count(), uniqExact(${keys.map((key) => `ifNull(toString(${key}), '∅')`).join(', ')}) FROM metrics_daily`,
  );
  expect(Number(count)).toBeGreaterThan(10);
  expect(different).toBe(count);
});

it('shows each CRM record once and as it is now, without the contact', async () => {
  const found = await rows(
    "SELECT opportunity_id, stage, toString(amount), channel, toString(closed_date), own_stage FROM opportunities_current WHERE workspace = 'acme' ORDER BY opportunity_id",
  );
  expect(found).toEqual([
    ['O-1', 'closed_won', '1000.25', 'google_ads', '2025-08-20', 'search'],
    ['O-2', 'lead', '0', '', '', ''],
    ['O-3', 'closed_won', '77.5', 'meta_ads', '', 'social'],
  ]);
});

it('a question about a day reads that day alone, of both tables', async () => {
  for (const table of ['ad_performance', 'opportunities'])
    await app.store.command(new Sql([`OPTIMIZE TABLE ${table} FINAL`], []), { changesAnswersOf: [] });
  const plan = (
    await rows(
      "EXPLAIN indexes = 1 SELECT channel, sum(cost) FROM metrics_daily WHERE date = '2025-08-02' GROUP BY channel",
    )
  ).join('\n');
  const reads = plan.split('ReadFromMergeTree').slice(1);
  expect(reads).toHaveLength(2);
  for (const read of reads) expect(read).toMatch(/Min-?Max[\s\S]*?Parts: (0|1)\/\d/);
  const before = await app.store.read(
    new Sql(["SELECT sum(cost) FROM metrics_daily WHERE date = '2025-08-02'"], []),
  );
  const whole = await app.store.read(new Sql(['SELECT sum(cost) FROM metrics_daily'], []));
  expect(before.rowsRead).toBeLessThan(whole.rowsRead / 2);
});

it('follows the model at a reload, and is not made again where nothing has changed', async () => {
  const madeAt = async () =>
    rows(
      `SELECT name, toString(metadata_modification_time), uuid FROM system.tables WHERE database = '${app.store.database}' AND engine = 'View' ORDER BY name`,
    );
  const before = await madeAt();
  await app.reload();
  await app.reload();
  expect(await madeAt()).toEqual(before);
  await writeFile(modelFile, model.replace('  stage:\n', '  source:\n'));
  await writeFile(join(folder, 'channels.csv'), 'channel,group\ngoogle_ads,search\nmeta_ads,people\n');
  await app.reload();
  await vi.waitFor(
    async () => expect(await columnsOf('opportunities_current')).toContain('own_source'),
    10_000,
  );
  expect(await rows("SELECT DISTINCT own_source FROM metrics_daily WHERE channel = 'meta_ads'")).toEqual([
    ['people'],
  ]);
});
