import { type GraphQLObjectType, getNamedType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, range } from '../support/explore-data.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const day = '2025-08-01';
const deal = (id: string, amount: number, isDeleted = false) => ({
  opportunity_id: id,
  created_at: `${day}T10:00:00Z`,
  amount,
  is_deleted: isDeleted,
});
const ad = (campaign: string, cost: number) => ({
  date: day,
  channel: 'meta',
  campaign_id: campaign,
  clicks: 1,
  impressions: 10,
  cost,
});

async function push(path: string, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  expect(await response.json()).toMatchObject({ accepted: records.length, stored: true });
}

interface Page {
  readonly nodes: readonly { readonly name: string }[];
  readonly totalCount: number;
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}
const page = (list: string, name: string, after: string | null): Promise<Page> =>
  ask<Page>(
    app,
    `${list}, first: 2${after === null ? '' : `, after: "${after}"`}) { nodes { name: ${name} } totalCount pageInfo { endCursor hasNextPage } }`,
  );

/** Reads a list page by page, and calls `between` after the first. */
async function read(list: string, name: string, between: () => Promise<void>) {
  const names: string[] = [];
  const counts: number[] = [];
  let after: string | null = null;
  for (;;) {
    const { nodes, totalCount, pageInfo }: Page = await page(list, name, after);
    names.push(...nodes.map((node) => node.name));
    counts.push(totalCount);
    if (!pageInfo.hasNextPage) return { names, counts };
    if (after === null) await between();
    after = pageInfo.endCursor;
  }
}

describe('a list that changes while it is read has no row twice and leaves none out', () => {
  it('opportunities: equal amounts, digits that no number holds', async () => {
    await push('opportunities', [
      deal('O-1', 100),
      deal('O-2', 50),
      deal('O-3', 50),
      deal('O-4', 50),
      deal('O-5', 123_456_789_012.000_1),
    ]);
    const { names, counts } = await read(
      `opportunities(${range}, orderBy: { by: AMOUNT }`,
      'id',
      // One comes before the page that was read, one of it goes.
      () => push('opportunities', [deal('O-0', 500), deal('O-1', 100, true)]),
    );
    expect(names).toEqual(['O-5', 'O-1', 'O-2', 'O-3', 'O-4']);
    expect(counts).toEqual([5, 5, 5]);
  });

  it('ads rows, campaigns and values', async () => {
    await push(
      'ad-performance',
      ['a', 'b', 'c', 'd', 'e'].map((name, index) => ad(name, 100 - 10 * index)),
    );
    const lists = [
      [`adPerformance(${range}, orderBy: { by: COST }`, 'campaignId'],
      [`campaigns(${range}`, 'id'],
      [`dimensionValues(${range}, dimension: CAMPAIGN_ID, where: { campaignId: { ne: null } }`, 'value'],
    ] as const;
    for (const [index, [list, name]] of lists.entries()) {
      const before = (await ask<{ nodes: { name: string }[] }>(app, `${list}) { nodes { name: ${name} } }`))
        .nodes;
      const { names } = await read(list, name, () =>
        push('ad-performance', [ad(`z${index}`, 1_000 + index)]),
      );
      expect(names, list).toEqual(before.map((node) => node.name));
    }
  });
});

describe('every list is paged in the same way', () => {
  const paged = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()))
    .filter(({ args }) => args.some(({ name }) => name === 'after'));

  it('by first and after, to a page with a PageEnd', () => {
    expect(paged.length).toBeGreaterThan(10);
    for (const { name, args, type } of paged) {
      expect(
        args.map((arg) => arg.name),
        name,
      ).toEqual(expect.arrayContaining(['first', 'after']));
      const page = getNamedType(type);
      const end = isObjectType(page) ? getNamedType(page.getFields().pageInfo?.type) : undefined;
      expect(isObjectType(end) && end.getInterfaces().map(String), name).toEqual(['PageEnd']);
    }
  });

  it('with edges to the nodes, as the clients of Relay and Apollo page by', () => {
    for (const { name, type } of paged) {
      const { nodes, edges } = (getNamedType(type) as GraphQLObjectType).getFields();
      const edge = getNamedType(edges?.type) as GraphQLObjectType;
      const fields = Object.values(edge.getFields()).map((field) => [field.name, String(field.type)]);
      expect(fields, name).toEqual([
        ['cursor', 'String!'],
        ['node', `${getNamedType(nodes?.type)}!`],
      ]);
    }
  });

  it.each([
    [
      'metrics',
      `${range}, groupBy: [CAMPAIGN_ID, CHANNEL], orderBy: [{ measure: COST, direction: DESC }]`,
      'campaignId',
    ],
    ['adPerformance', `${range}, orderBy: { by: COST }`, 'campaignId'],
    ['opportunities', `${range}, orderBy: { by: AMOUNT }`, 'id'],
    ['campaigns', range, 'id'],
    ['dimensionValues', `${range}, dimension: CAMPAIGN_ID`, 'value'],
  ])('%s: the cursor of each edge goes on right after it', async (list, args, name) => {
    interface EdgePage {
      readonly edges: readonly { readonly cursor: string; readonly node: { readonly name: string | null } }[];
      readonly pageInfo: Readonly<Record<string, unknown>>;
    }
    const edgesAfter = (after?: string) =>
      ask<EdgePage>(
        app,
        `${list}(${args}${after === undefined ? '' : `, after: "${after}"`}) { edges { node { name: ${name} } cursor } pageInfo { startCursor endCursor hasPreviousPage hasNextPage } }`,
      );
    const all = await edgesAfter();
    const names = (page: EdgePage) => page.edges.map(({ node }) => node.name);
    expect(all.edges.length).toBeGreaterThan(3);
    expect(all.pageInfo).toEqual({
      startCursor: all.edges[0]?.cursor,
      endCursor: all.edges.at(-1)?.cursor,
      hasPreviousPage: false,
      hasNextPage: false,
    });
    for (const [index, { cursor }] of all.edges.entries()) {
      const rest = await edgesAfter(cursor);
      expect(names(rest), `after ${index}`).toEqual(names(all).slice(index + 1));
      expect(rest.edges.map((edge) => edge.cursor)).toEqual(
        all.edges.slice(index + 1).map((edge) => edge.cursor),
      );
      expect(rest.pageInfo.hasPreviousPage).toBe(true);
    }
    const { nodes } = await ask<{ nodes: { name: string }[] }>(
      app,
      `${list}(${args}) { nodes { name: ${name} } }`,
    );
    expect(nodes.map((node) => node.name)).toEqual(names(all));
  });

  it('metrics are calculated for edges alone as for nodes alone', async () => {
    const row = 'campaignId cost clicks cpc previous { cost } change { clicks }';
    const field = (rows: string) =>
      `metrics(${range}, groupBy: [CAMPAIGN_ID], compareTo: { previousPeriod: true }, orderBy: [{ measure: COST, direction: DESC }]) { ${rows} }`;
    const { nodes } = await ask<{ nodes: { cost: number }[] }>(app, field(`nodes { ${row} }`));
    const { edges } = await ask<{ edges: { node: unknown }[] }>(app, field(`edges { node { ${row} } }`));
    expect(nodes[0]?.cost).toBeGreaterThan(0);
    expect(edges.map(({ node }) => node)).toEqual(nodes);
  });

  it('a breakdown is read for edges as for nodes', async () => {
    await push('ad-performance', [{ ...ad('by country', 1), breakdowns: { country: 'PT' } }]);
    const node = 'breakdowns { name value }';
    const { nodes, edges } = await ask<{ nodes: unknown[]; edges: { node: unknown }[] }>(
      app,
      `adPerformance(${range}, where: { campaignId: { eq: "by country" } }) { nodes { ${node} } edges { node { ${node} } } }`,
    );
    expect(nodes).toEqual([{ breakdowns: [{ name: 'country', value: 'PT' }] }]);
    const alone = await ask<{ edges: { node: unknown }[] }>(
      app,
      `adPerformance(${range}, where: { campaignId: { eq: "by country" } }) { edges { node { ${node} } } }`,
    );
    expect(alone.edges).toEqual(edges);
    expect(edges.map((edge) => edge.node)).toEqual(nodes);
  });

  it('with the bounds that the description of first tells', async () => {
    const lists = [
      ['metrics', `${range}, groupBy: [CHANNEL]`, 10_000],
      ['campaigns', range, 10_000],
      ['events', '', 1_000],
      ['auditLog', '', 1_000],
      ['rejectedRecords', '', 1_000],
    ] as const;
    for (const [list, args, most] of lists) {
      const first = paged.find(({ name }) => name === list)?.args.find(({ name }) => name === 'first');
      expect(first?.description, list).toContain(String(most));
      for (const wrong of [0, most + 1]) {
        const { errors } = await app.query(`{ ${list}(${args} first: ${wrong}) { nodes { __typename } } }`);
        expect(errors, list).toMatchObject([
          {
            message: `first: ${wrong} is not between 1 and ${most}.`,
            extensions: { code: 'BAD_USER_INPUT' },
          },
        ]);
      }
    }
  });

  it('one fragment reads where the pages of metrics and of lists end', async () => {
    const { data } = await app.query(`
      fragment End on PageEnd { endCursor hasNextPage }
      { metrics(${range}, groupBy: [CAMPAIGN_ID], first: 1) { nodes { cost } pageInfo { ...End } }
        campaigns(${range}, first: 1) { pageInfo { ... on PageEnd { endCursor hasNextPage } } } }`);
    const end = { endCursor: expect.any(String), hasNextPage: true };
    expect(data).toMatchObject({ metrics: { pageInfo: end }, campaigns: { pageInfo: end } });
  });
});

describe('null and blanks in a filter', () => {
  const leads = async (where: string): Promise<number> =>
    (
      await ask<{ totals: { leads: number } }>(
        app,
        `metrics(${range}, where: { campaignId: ${where} }) { totals { leads } }`,
      )
    ).totals.leads;

  it('a condition that is null beside others is as if left out', async () => {
    const all = await leads('{ isUnknown: true }');
    const rest = 'eq: null, ne: null, contains: null, startsWith: null, endsWith: null';
    expect(await leads(`{ in: [null], notIn: null, isUnknown: null, ${rest} }`)).toBe(all);
    expect(await leads(`{ in: ["a"], notIn: null, isUnknown: null, ${rest} }`)).toBe(0);
    expect(await leads(`{ in: null, notIn: ["a"], isUnknown: null, ${rest} }`)).toBe(all);
    const { errors } = await app.query(
      `{ metrics(${range}, where: { campaignId: { ${rest} } }) { totals { leads } } }`,
    );
    expect(errors?.[0]?.message).toContain('campaignId is empty');
  });

  it('null stands for records without a value; a blank text for none at all', async () => {
    // None of the deals is attributed.
    const all = await leads('{ isUnknown: true }');
    expect(all).toBeGreaterThan(0);
    expect(await leads('{ eq: null }')).toBe(all);
    expect(await leads('{ ne: null }')).toBe(0);
    expect(await leads('{ in: ["a", null] }')).toBe(all);
    expect(await leads('{ notIn: [null] }')).toBe(0);
    expect(await leads('{ in: ["a", "b"] }')).toBe(0);
    for (const blank of ['""', '"  "']) {
      expect(await leads(`{ eq: ${blank} }`), blank).toBe(0);
      expect(await leads(`{ ne: ${blank} }`), blank).toBe(all);
      expect(await leads(`{ in: [${blank}] }`), blank).toBe(0);
      expect(await leads(`{ contains: ${blank} }`), blank).toBe(0);
    }
  });
});
