import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, askAllPages, injections } from '../support/explore-data.ts';

interface Node {
  readonly eventId: string;
  readonly timestamp: string;
}

/** 40 events of two services, all of one moment; and some others of other days. */
const together = Array.from({ length: 40 }, (_, index) => ({
  event_id: `E-${String(index).padStart(2, '0')}`,
  timestamp: '2025-08-02T10:00:00.500Z',
  service: index % 2 === 0 ? 'checkout' : 'search',
  message: `step ${index}`,
  utm_source: index % 4 === 0 ? 'google' : 'bing',
}));
const others = [
  { event_id: 'old', timestamp: '2024-02-03T00:00:00Z', service: 'checkout', message: 'Order PLACED' },
  {
    event_id: 'first',
    timestamp: '2025-08-01T23:59:59.999Z',
    service: 'checkout',
    metadata: { note: 'Überweisung 100%' },
  },
  { event_id: 'last', timestamp: '2025-08-03T00:00:00Z', service: 'cart', message: 'cart', made_up: [1, 2] },
];

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { EVENT_RETENTION_DAYS: '20000' } });
  const response = await fetch(`${app.url}/ingest/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([...together, ...others]),
  });
  expect(response.status).toBe(200);
});
afterAll(() => app.close());

const ids = async (args: string): Promise<string[]> =>
  (await ask<{ nodes: Node[] }>(app, `events(${args}) { nodes { eventId } }`)).nodes.map(
    ({ eventId }) => eventId,
  );

describe('events', () => {
  it('are shown whole', async () => {
    expect(
      await ask(
        app,
        'events(service: "cart") { totalCount nodes { eventId timestamp service message metadata utmCampaign utmSource utmMedium utmContent utmTerm extra } pageInfo { hasNextPage } }',
      ),
    ).toEqual({
      totalCount: 1,
      nodes: [
        {
          eventId: 'last',
          timestamp: '2025-08-03T00:00:00.000Z',
          service: 'cart',
          message: 'cart',
          metadata: null,
          utmCampaign: 'unknown',
          utmSource: 'unknown',
          utmMedium: 'unknown',
          utmContent: 'unknown',
          utmTerm: 'unknown',
          extra: { made_up: [1, 2] },
        },
      ],
      pageInfo: { hasNextPage: false },
    });
  });

  it.each([
    1, 7, 20, 43, 1_000,
  ])('%i a page give every event once, the latest first, also those of one moment', async (first) => {
    const { nodes, totalCounts } = await askAllPages<Node>(
      app,
      (paging, beside) => `events(${paging}) { nodes { eventId timestamp } ${beside} }`,
      first,
    );
    expect(nodes).toHaveLength(43);
    expect(new Set(nodes.map(({ eventId }) => eventId)).size).toBe(43);
    expect([nodes[0]?.eventId, nodes.at(-2)?.eventId, nodes.at(-1)?.eventId]).toEqual([
      'last',
      'first',
      'old',
    ]);
    const times = nodes.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort().reverse());
    expect(new Set(totalCounts)).toEqual(new Set([43]));
  });

  it('stay where they are on later pages when newer ones come in between', async () => {
    const page = 'nodes { eventId } pageInfo { endCursor }';
    const first = await ask<{ nodes: Node[]; pageInfo: { endCursor: string } }>(
      app,
      `events(service: "paging", first: 2) { ${page} }`,
    );
    expect(first.nodes).toEqual([]);
    const make = (numbers: readonly number[]) =>
      fetch(`${app.url}/ingest/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          numbers.map((number) => ({
            event_id: `P-${number}`,
            service: 'paging',
            timestamp: `2025-09-0${number}T00:00:00Z`,
          })),
        ),
      });
    await make([1, 2, 3, 4]);
    const one = await ask<typeof first>(app, `events(service: "paging", first: 2) { ${page} }`);
    await make([5, 6]);
    const two = await ask<typeof first>(
      app,
      `events(service: "paging", first: 2, after: "${one.pageInfo.endCursor}") { ${page} }`,
    );
    expect([...one.nodes, ...two.nodes].map(({ eventId }) => eventId)).toEqual(['P-4', 'P-3', 'P-2', 'P-1']);
  });

  it.each([
    ['service: "search", first: 1000', 20],
    ['eventId: "E-07"', 1],
    ['from: "2025-08-02T10:00:00.500Z", to: "2025-08-02T10:00:00.501Z"', 40],
    ['from: "2025-08-02T10:00:00.501Z", to: "2025-08-04T00:00:00Z"', 1],
    ['to: "2025-08-01T23:59:59.999Z"', 1],
    ['from: "1066-10-14T00:00:00Z", to: "9999-12-31T00:00:00Z", service: "cart"', 1],
    ['search: "order placed"', 1],
    ['search: "überweisung 100%"', 1],
    ['search: "STEP 1"', 11],
    ['where: { utmSource: { eq: "Google" } }', 10],
    ['where: { utmSource: { in: ["bing", "google"] } }, service: "checkout"', 20],
    ['where: { utmSource: { isUnknown: true } }, to: "2025-08-31T00:00:00Z"', 3],
  ])('with %s are %i', async (args, count) => {
    expect(await ids(args)).toHaveLength(count);
    expect(await ask(app, `events(${args}) { totalCount }`)).toEqual({ totalCount: count });
  });

  it('texts that would do harm find nothing and harm nothing', async () => {
    for (const text of injections.filter((text) => text !== '%')) {
      expect(await ids(`search: ${JSON.stringify(text)}`)).toEqual([]);
      expect(await ids(`service: ${JSON.stringify(text)}`)).toEqual([]);
      expect(await ids(`eventId: ${JSON.stringify(text)}`)).toEqual([]);
    }
    expect(await ids('search: "%"')).toEqual(['first']);
  });

  it.each([
    ['first: 0', /first: 0 is not between 1 and 1000/],
    ['first: 1001', /first: 1001 is not between 1 and 1000/],
    ['after: "nonsense"', /after: this is no cursor/],
    ['from: "2025-08-02T00:00:00Z", to: "2025-08-01T00:00:00Z"', /from is after to/],
    ['where: { utmSource: {} }', /where\.utmSource is empty/],
  ])('say what is wrong with %s', async (args, message) => {
    const { errors } = await app.query(`{ events(${args}) { nodes { eventId } } }`);
    expect(errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('refuse a cursor of another query', async () => {
    const { pageInfo } = await ask<{ pageInfo: { endCursor: string } }>(
      app,
      'events(first: 2) { pageInfo { endCursor } }',
    );
    const { errors } = await app.query(
      `{ events(service: "cart", after: "${pageInfo.endCursor}") { nodes { eventId } } }`,
    );
    expect(errors).toMatchObject([{ message: expect.stringContaining('another query') }]);
  });
});
