import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, emptyRange, injections, loadExploreData, range } from '../support/explore-data.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await loadExploreData(app);
});
afterAll(() => app.close());

const steps = 'steps { step count stepConversion overallConversion }';
type Conversions = readonly [count: number, step: number | null, overall: number | null];
const funnelOf = (value: string | null, ...conversions: readonly Conversions[]) => ({
  value,
  steps: conversions.map(([count, stepConversion, overallConversion], index) => ({
    step: ['IMPRESSION', 'CLICK', 'LEAD', 'OPPORTUNITY', 'WON'][index],
    count,
    stepConversion,
    overallConversion,
  })),
});

it('goes from impressions to won deals', async () => {
  expect(await ask(app, `funnel(${range}) { value ${steps} }`)).toEqual([
    funnelOf(
      null,
      [3610, null, 1],
      [165, 165 / 3610, 165 / 3610],
      [6, 6 / 165, 6 / 3610],
      [5, 5 / 6, 5 / 3610],
      [3, 3 / 5, 3 / 3610],
    ),
  ]);
});

it('stands beside itself by a dimension, most impressions first; conversion from 0 is null', async () => {
  expect(await ask(app, `funnel(${range}, by: CHANNEL) { value ${steps} }`)).toEqual([
    funnelOf(
      'meta',
      [2010, null, 1],
      [10, 10 / 2010, 10 / 2010],
      [1, 0.1, 1 / 2010],
      [0, 0, 0],
      [0, null, 0],
    ),
    funnelOf(
      'google_ads',
      [1500, null, 1],
      [150, 0.1, 0.1],
      [1, 1 / 150, 1 / 1500],
      [1, 1, 1 / 1500],
      [1, 1, 1 / 1500],
    ),
    funnelOf('bing', [100, null, 1], [5, 0.05, 0.05], [3, 0.6, 0.03], [3, 1, 0.03], [1, 1 / 3, 0.01]),
    funnelOf(null, [0, null, null], [0, null, null], [1, null, null], [1, 1, null], [1, 1, null]),
  ]);
  expect(await ask(app, `funnel(${range}, by: DATE, first: 2) { value }`)).toEqual([
    { value: '2025-08-01' },
    { value: '2025-08-02' },
  ]);
});

it('keeps to the filter, whatever its text', async () => {
  const nothing = funnelOf(null, [0, null, null], ...Array<Conversions>(4).fill([0, null, null]));
  expect(await ask(app, `funnel(${emptyRange}) { value ${steps} }`)).toEqual([nothing]);
  expect(await ask(app, `funnel(${emptyRange}, by: CHANNEL) { value }`)).toEqual([]);
  for (const text of injections)
    expect(
      await ask(
        app,
        `funnel(${range}, where: { channel: { eq: ${JSON.stringify(text)} } }) { value ${steps} }`,
      ),
    ).toEqual([nothing]);
});

it('says what is wrong with its arguments', async () => {
  const { errors } = await app.query(`{ funnel(${range}, by: CHANNEL, first: 0) { value } }`);
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('first: 0 is not between 1 and 10000'),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});
