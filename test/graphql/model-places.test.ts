import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { pushRates } from '../support/exchange-rates.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { eventually } from '../support/push-records.ts';

const model = `
aliases:
  utm_source: { facebook: [fb] }
dimensions:
  group:
    description: Group.
    rules: [{ value: Search, when: { utm_source: google } }, { value: Social, when: { utm_source: facebook } }]
  rest:
    description: Rest of the name.
    of: utm_campaign
    pattern: '^[a-z]+(?<rest>.*)$'
  team:
    description: Team.
    of: utm_source
    lookup: { file: teams.csv, key: source, value: team }
    otherwise: nobody
  attributed:
    description: How.
    of: match
    lookup: { file: matches.csv, key: match, value: word }
measures:
  demos: { description: Demos., count: events, where: { message: demo } }
  visitors: { description: Visitors., distinct: metadata.visitor }
  sold: { description: Sold., sum: metadata.sold, currency: metadata.currency }
  points: { description: Points., sum: metadata.points }
  search_cost: { description: Cost., sum: cost, where: { utm_source: google } }
  clicks_per_cost: { description: Clicks., formula: clicks / cost }
  balance: { description: Balance., formula: leads - demos + 1 }
`;
const persisted = 'query Demos($days: DateRangeInput!) { metrics(dateRange: $days) { totals { demos } } }';
const persistedId = createHash('sha256').update(persisted).digest('hex');

let folder: string;
let keys: TestKeys;
let app: TestApp;
let whole: Record<string, string>;
let part: Record<string, string>;
let other: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-model-'));
  await writeFile(join(folder, 'model.yaml'), model);
  await writeFile(join(folder, 'teams.csv'), 'source,team\nGoogle,Ann\nFB,Bob\nbing,\n');
  await writeFile(join(folder, 'matches.csv'), 'match,word\nexact,surely\n');
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ [persistedId]: persisted }));
  keys = await makeKeys();
  whole = await keys.create({ role: 'admin', workspace: ['default'] });
  part = await keys.create({ role: 'viewer', workspace: ['default'], channel: ['google_ads'] });
  other = await keys.create({ role: 'admin', workspace: ['other'] });
  app = await startTestApp({
    environment: {
      MODEL_FILE: join(folder, 'model.yaml'),
      PERSISTED_MANIFEST: join(folder, 'manifest.json'),
      API_KEYS_FILE: keys.file,
      EVENT_RETENTION_DAYS: '4000',
    },
  });
  await push('ad-performance', [
    ad('google', { channel: 'google_ads', utm_campaign: 'shoes  2025', cost: 10 }),
    ad('fb', { channel: 'meta', cost: 5, currency: 'EUR' }),
    ad('bing', { channel: 'bing', cost: 1, date: '2025-08-02' }),
  ]);
  await push('opportunities', [
    {
      opportunity_id: 'O-1',
      created_at: '2025-08-01T10:00:00Z',
      closed_at: '2025-08-09T10:00:00Z',
      stage: 'closed_won',
      amount: 100,
      ...utms('google', 'shoes 2025'),
    },
    { opportunity_id: 'O-2', created_at: '2025-08-01T10:00:00Z', stage: 'lead', ...utms('bing') },
  ]);
  await push('events', [
    event('E-1', 'google', { visitor: 'v1', sold: '12.50', currency: 'usd', points: 1e40 }, 'shoes 2025'),
    event('E-2', 'google', { visitor: 'v2', points: '1e25' }, 'shoes 2025'),
    event('E-3', 'facebook', { visitor: 'v1', sold: 3, points: ' 2.5 ' }),
    event('E-4', 'mail', { visitor: 'v3', sold: 4, currency: 'SEK', points: 1.15 }),
  ]);
  await push('events', [event('E-5', 'google', { visitor: 'v9' })], other);
  // Those of facebook and google.
  await eventually(async () => {
    const { metrics } = await ask(
      `{ metrics(${days} where: { match: { ne: "UNATTRIBUTED" } }) { totals { demos } } }`,
    );
    return metrics.totals.demos === 3;
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await rm(folder, { recursive: true });
});

const utms = (source: string, campaign = 'hats') => ({
  utm_campaign: campaign,
  utm_source: source,
  utm_medium: 'cpc',
});
const ad = (source: string, rest: Record<string, unknown>) => ({
  date: '2025-08-01',
  campaign_id: `C-${source}`,
  clicks: 10,
  impressions: 100,
  currency: 'USD',
  ...utms(source),
  ...rest,
});
const event = (id: string, source: string, metadata: Record<string, unknown>, campaign?: string) => ({
  event_id: id,
  timestamp: '2025-08-01T12:00:00Z',
  message: 'demo',
  metadata,
  ...utms(source, campaign),
});
async function push(path: string, records: readonly unknown[], headers = whole): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(records),
  });
  expect(await response.json()).toMatchObject({ rejected: 0 });
}

const days = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
// The tests compare with `toMatchObject`; the shape is theirs.
type Answer = Record<string, { totals: Record<string, unknown> } & Record<string, unknown>>;
async function ask(document: string, headers = whole): Promise<{ metrics: Answer[string] } & Answer> {
  const { data, errors } = await app.query(document, {}, headers);
  expect(errors).toBeUndefined();
  return data as unknown as { metrics: Answer[string] } & Answer;
}
const metrics = async (args: string, fields: string, headers = whole): Promise<unknown> =>
  (await ask(`{ metrics(${days} ${args}) { ${fields} } }`, headers)).metrics;

describe('a key for some channels', () => {
  it('counts the events of these channels only', async () => {
    expect(await metrics('', 'totals { demos visitors points searchCost }', part)).toEqual({
      totals: { demos: 2, visitors: 2, points: 0, searchCost: 10 },
    });
    expect(
      await metrics('groupBy: [GROUP, MATCH]', 'nodes { group match demos } unattributed { demos }', part),
    ).toEqual({
      nodes: [{ group: 'Search', match: 'EXACT', demos: 2 }],
      unattributed: { demos: 0 },
    });
    expect(
      await metrics('where: { not: { channel: { eq: "google_ads" } } }', 'totals { demos visitors }', part),
    ).toEqual({ totals: { demos: 0, visitors: 0 } });
  });

  it('sees the values of its own rows only', async () => {
    const values = `{ dimensionValues(dimension: GROUP, ${days}) { nodes { value } } funnel(${days}, by: GROUP) { value } }`;
    expect(await ask(values, part)).toEqual({
      dimensionValues: { nodes: [{ value: 'Search' }] },
      funnel: [{ value: 'Search' }],
    });
  });
});

it('a workspace counts its own events only', async () => {
  expect(await metrics('groupBy: [GROUP]', 'nodes { group demos } totals { visitors }', other)).toEqual({
    nodes: [{ group: 'Search', demos: 1 }],
    totals: { visitors: 1 },
  });
});

describe('own words have a place', () => {
  it('in campaigns and channels', async () => {
    const own = `metrics(${days}) { demos visitors searchCost } timeseries(${days}, where: { group: { eq: "Search" } }) { date demos }`;
    const rows = (sold: boolean) => ({
      metrics: { demos: sold ? 2 : 1, visitors: sold ? 2 : 1, searchCost: sold ? 10 : 0 },
      timeseries: sold ? [{ date: '2025-08-01', demos: 2 }] : [],
    });
    expect(
      await ask(
        `{ campaigns(${days}, where: { group: { in: ["Search", "Social"] } }) { nodes { id ${own} } } channels(${days}) { name ${own} } }`,
      ),
    ).toMatchObject({
      campaigns: {
        nodes: [
          { id: 'C-google', ...rows(true) },
          { id: 'C-fb', ...rows(false) },
        ],
      },
      channels: expect.arrayContaining([
        { name: 'google_ads', ...rows(true) },
        { name: 'meta', ...rows(false) },
      ]),
    });
  });

  it('in every list of records', async () => {
    const where = 'where: { group: { eq: "Search" }, team: { eq: "Ann" } }';
    expect(
      await ask(`{
        adPerformance(${days}, ${where}) { nodes { campaignId } }
        opportunities(${days}, ${where}) { nodes { id } }
        funnel(${days}, ${where}, by: TEAM) { value }
        breakdowns(${days}, ${where}) { nodes { value } }
        dimensionValues(${days}, ${where}, dimension: UTM_SOURCE) { nodes { value rows } }
      }`),
    ).toEqual({
      adPerformance: { nodes: [{ campaignId: 'C-google' }] },
      opportunities: { nodes: [{ id: 'O-1' }] },
      funnel: [{ value: 'Ann' }],
      breakdowns: { nodes: [] },
      dimensionValues: { nodes: [{ value: 'google', rows: 2 }] },
    });
  });

  it('in pages by own orderings, each row on one of them', async () => {
    const seen: unknown[] = [];
    let after = '';
    for (let page = 0; page < 4; page += 1) {
      const answer = (await metrics(
        `groupBy: [TEAM, GROUP] orderBy: [{ dimension: GROUP, direction: DESC }, { measure: VISITORS }] first: 1 ${after}`,
        'nodes { group team visitors } totalCount pageInfo { endCursor hasNextPage }',
      )) as { nodes: unknown[]; totalCount: number; pageInfo: { endCursor: string; hasNextPage: boolean } };
      seen.push(...answer.nodes);
      expect(answer).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: seen.length < 3 } });
      if (!answer.pageInfo.hasNextPage) break;
      after = `after: "${answer.pageInfo.endCursor}"`;
    }
    expect(seen).toEqual([
      { group: 'Social', team: 'Bob', visitors: 1 },
      { group: 'Search', team: 'Ann', visitors: 2 },
      { group: null, team: 'nobody', visitors: 1 },
    ]);
  });

  it('in documents that are named by their ids', async () => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...whole },
      body: JSON.stringify({
        documentId: persistedId,
        variables: { days: { between: { from: '2025-08-01', to: '2025-08-31' } } },
      }),
    });
    expect(await response.json()).toEqual({ data: { metrics: { totals: { demos: 4 } } } });
  });
});

describe('values of own dimensions', () => {
  it('of a pattern are what filters take: without spaces around them', async () => {
    expect(await metrics('groupBy: [REST] orderBy: [{ dimension: REST }]', 'nodes { rest clicks }')).toEqual({
      nodes: [
        { rest: '2025', clicks: 10 },
        { rest: null, clicks: 20 },
      ],
    });
    expect(await metrics('where: { rest: { eq: "2025" } }', 'totals { clicks }')).toEqual({
      totals: { clicks: 10 },
    });
  });

  it('of a look-up go by aliases and by the form of its keys; an empty one is none', async () => {
    expect(await metrics('groupBy: [TEAM] orderBy: [{ dimension: TEAM }]', 'nodes { team clicks }')).toEqual({
      nodes: [
        { team: 'Ann', clicks: 10 },
        { team: 'Bob', clicks: 10 },
        { team: 'nobody', clicks: 10 },
      ],
    });
    expect(
      await metrics(
        'groupBy: [ATTRIBUTED] orderBy: [{ dimension: ATTRIBUTED }]',
        'nodes { attributed leads }',
      ),
    ).toEqual({
      nodes: [
        { attributed: 'surely', leads: 1 },
        { attributed: null, leads: 1 },
      ],
    });
  });
});

describe('figures', () => {
  it('of metadata are numbers of up to twelve digits, to the last decimal', async () => {
    expect(await metrics('', 'totals { points }')).toEqual({ totals: { points: 3.65 } });
  });

  it('of formulas without any row are worked out of zeros', async () => {
    expect(
      await metrics(
        'groupBy: [GROUP] having: [{ measure: CLICKS, gt: 1000 }] compareTo: { between: { from: "2025-08-01", to: "2025-08-31" } }',
        'totals { demos visitors balance clicksPerCost change { demos balance clicksPerCost } relativeChange { demos } }',
      ),
    ).toEqual({
      totals: {
        demos: 0,
        visitors: 0,
        balance: 1,
        clicksPerCost: null,
        change: { demos: 0, balance: 0, clicksPerCost: null },
        relativeChange: { demos: null },
      },
    });
  });

  it('for each unit of money differ in one currency only', async () => {
    const change = (source: string): Promise<unknown> =>
      ask(`{ metrics(
        dateRange: { between: { from: "2025-08-02", to: "2025-08-02" } } compareTo: { previousPeriod: true }
        where: { utmSource: { in: ["bing", "${source}"] } }
      ) { totals { clicksPerCost previous { clicksPerCost } change { clicksPerCost } } } }`);
    expect(await change('google')).toEqual({
      metrics: {
        totals: { clicksPerCost: 10, previous: { clicksPerCost: 1 }, change: { clicksPerCost: 9 } },
      },
    });
    expect(await change('facebook')).toEqual({
      metrics: {
        totals: { clicksPerCost: 10, previous: { clicksPerCost: 2 }, change: { clicksPerCost: null } },
      },
    });
  });

  it('of groups that other figures of the request have no rows of have none either', async () => {
    const closed = `${days} crmDate: CLOSED groupBy: [CHANNEL]`;
    expect(
      await ask(
        `{ metrics: metrics(${closed}) { nodes { channel leads } } won: metrics(${closed}) { nodes { channel closedWon } } }`,
      ),
    ).toMatchObject({
      metrics: { nodes: expect.arrayContaining([{ channel: null, leads: 1 }]) },
      won: { nodes: [{ channel: 'google_ads', closedWon: 1 }] },
    });
  });

  it('of money whose currency is not told are null, and how much it is', async () => {
    expect(
      await metrics('groupBy: [CURRENCY] orderBy: [{ dimension: CURRENCY }]', 'nodes { currency sold }'),
    ).toMatchObject({
      nodes: [
        { currency: 'SEK', sold: 4 },
        { currency: 'USD', sold: 12.5 },
        { currency: null, sold: 3 },
      ],
    });
    await pushRates(app, [{ date: '2025-08-01', base: 'USD', quote: 'SEK', rate: 10 }], whole);
    expect(
      await metrics(
        'currency: "USD" where: { utmSource: { ne: "google" } }',
        'totals { sold } unconverted { currency sold } meta { warnings { code message } }',
      ),
    ).toMatchObject({
      totals: { sold: null },
      unconverted: [{ currency: 'unknown', sold: 3 }],
      meta: {
        warnings: expect.arrayContaining([
          {
            code: 'MISSING_RATE',
            message:
              'Events of 2025-08-01 do not say what currency their money is in, so figures with it are null. `unconverted` says how much it is.',
          },
        ]),
      },
    });
    expect(
      await metrics('currency: "USD" where: { utmSource: { in: ["google", "mail"] } }', 'totals { sold }'),
    ).toEqual({ totals: { sold: 12.9 } });
  });
});

it('tells that events are kept for some days only', async () => {
  const early = 'dateRange: { between: { from: "2001-01-02", to: "2001-01-02" } }';
  const told = async (measure: string): Promise<unknown> =>
    ask(`{ metrics(${early}) { totals { ${measure} } meta { warnings { code message } } } }`);
  expect(await told('demos')).toMatchObject({
    metrics: {
      meta: {
        warnings: [
          {
            code: 'BEYOND_RETENTION',
            message: expect.stringMatching(
              /^Events are kept for 4000 days \(EVENT_RETENTION_DAYS\), since .*: nothing is left of 2001-01-02\.$/,
            ),
          },
        ],
      },
    },
  });
});

it('after a reload, answers and cursors are those of the new file', async () => {
  const asked = `{ metrics(${days} groupBy: [GROUP] orderBy: [{ dimension: GROUP }] first: 1) { nodes { group } pageInfo { endCursor } } }`;
  const { metrics: before } = await ask(asked);
  expect(before).toMatchObject({ nodes: [{ group: 'Search' }] });
  await writeFile(join(folder, 'model.yaml'), model.replace('value: Search', 'value: Found'));
  await app.reload();
  expect((await ask(asked)).metrics).toMatchObject({ nodes: [{ group: 'Found' }] });
  const { endCursor } = before.pageInfo as { endCursor: string };
  const { errors } = await app.query(asked.replace('first: 1', `first: 1 after: "${endCursor}"`), {}, whole);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});
