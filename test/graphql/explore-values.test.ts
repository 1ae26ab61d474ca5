import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, askAllPages, emptyRange, injections, loadExploreData, range } from '../support/explore-data.ts';

interface Value {
  readonly value: string | null;
  readonly rows: number;
  readonly cost: number;
}

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await loadExploreData(app);
});
afterAll(() => app.close());

const values = async (args: string): Promise<[string | null, number, number][]> => {
  const page = await ask<{ nodes: Value[] }>(
    app,
    `dimensionValues(${args}) { nodes { value rows cost } totalCount }`,
  );
  return page.nodes.map(({ value, rows, cost }) => [value, rows, cost]);
};

it('counts ads rows and CRM records and sums cost, most cost first', async () => {
  expect(await values(`dimension: CHANNEL, ${range}`)).toEqual([
    ['meta', 3, 104.25],
    ['google_ads', 3, 75.75],
    ['bing', 4, 0],
    [null, 1, 0],
  ]);
});

it('orders equal cost by records, then by value, null last', async () => {
  expect(await values(`dimension: UTM_CAMPAIGN, ${range}`)).toEqual([
    ['brand', 2, 100],
    ['back_to_school', 2, 50.25],
    ['back_to_school_2', 1, 25.5],
    ['unknown', 1, 4.25],
    ['brand-2', 4, 0],
    ['brand 2', 1, 0],
  ]);
});

it('gives null to the records of a side that does not know the dimension', async () => {
  expect(await values(`dimension: AD_ID, ${range}`)).toEqual([
    ['A-1', 1, 100],
    [null, 10, 80],
  ]);
  expect(await values(`dimension: MATCH, ${range}`)).toEqual([
    [null, 5, 180],
    ['EXACT', 3, 0],
    ['CAMPAIGN', 1, 0],
    ['UNATTRIBUTED', 1, 0],
    ['WINDOW', 1, 0],
  ]);
});

it('counts only records that pass the filter', async () => {
  expect(await values(`dimension: CHANNEL, ${range}, where: { utmCampaign: { eq: "Brand" } }`)).toEqual([
    ['meta', 2, 100],
  ]);
});

describe('search', () => {
  it('finds labels and identifiers in any case', async () => {
    expect(await values(`dimension: UTM_CAMPAIGN, ${range}, search: "SCHOOL"`)).toEqual([
      ['back_to_school', 2, 50.25],
      ['back_to_school_2', 1, 25.5],
    ]);
    expect((await values(`dimension: CAMPAIGN_ID, ${range}, search: "c-"`)).map(([value]) => value)).toEqual([
      'C-2',
      'C-1',
      'c-3',
    ]);
    expect(await values(`dimension: AD_ID, ${range}, search: "a-1"`)).toEqual([['A-1', 1, 100]]);
  });

  it('that is blank finds everything, null included', async () => {
    expect(await values(`dimension: CHANNEL, ${range}, search: " "`)).toHaveLength(4);
  });

  it.each(injections)('%j finds nothing and harms nothing', async (text) => {
    const search = JSON.stringify(text);
    expect(await values(`dimension: CHANNEL, ${range}, search: ${search}`)).toEqual([]);
    expect(await values(`dimension: CAMPAIGN_ID, ${range}, search: ${search}`)).toEqual([]);
    expect(await values(`dimension: CHANNEL, ${range}, where: { channel: { eq: ${search} } }`)).toEqual([]);
    expect(await values(`dimension: CHANNEL, ${range}`)).toHaveLength(4);
  });
});

it('is empty without records', async () => {
  expect(
    await ask(
      app,
      `dimensionValues(dimension: CHANNEL, ${emptyRange}) { nodes { value } totalCount pageInfo { endCursor hasNextPage } }`,
    ),
  ).toEqual({ nodes: [], totalCount: 0, pageInfo: { endCursor: null, hasNextPage: false } });
});

it.each([1, 2, 4, 6, 10])('%i a page give every value once', async (first) => {
  const { nodes, totalCounts } = await askAllPages<Value>(
    app,
    (paging, beside) =>
      `dimensionValues(dimension: UTM_CAMPAIGN, ${range}, ${paging}) { nodes { value } ${beside} }`,
    first,
  );
  expect(nodes.map(({ value }) => value)).toEqual([
    'brand',
    'back_to_school',
    'back_to_school_2',
    'unknown',
    'brand-2',
    'brand 2',
  ]);
  expect(new Set(totalCounts)).toEqual(new Set([6]));
});

describe('bad arguments', () => {
  it.each([
    [`dimension: DATE, ${range}`, /dimension: DATE .*CHANNEL, CAMPAIGN_ID/],
    [`dimension: CHANNEL, ${range}, first: 0`, /first: 0 is not between 1 and 10000/],
    [`dimension: CHANNEL, ${range}, first: 10001`, /first: 10001/],
    [`dimension: CHANNEL, ${range}, after: "nonsense"`, /after: this is no cursor/],
  ])('%s', async (args, message) => {
    const { errors } = await app.query(`{ dimensionValues(${args}) { totalCount } }`);
    expect(errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('a cursor of another query', async () => {
    const page = await ask<{ pageInfo: { endCursor: string } }>(
      app,
      `dimensionValues(dimension: CHANNEL, ${range}, first: 1) { pageInfo { endCursor } }`,
    );
    const { errors } = await app.query(
      `{ dimensionValues(dimension: UTM_TERM, ${range}, first: 1, after: "${page.pageInfo.endCursor}") { totalCount } }`,
    );
    expect(errors).toMatchObject([{ message: expect.stringContaining('another query') }]);
  });
});
