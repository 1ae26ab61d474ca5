import { describe, expect, it } from 'vitest';
import { type Behaviour, inTurn, json } from '../support/source-server.ts';
import { bodyOf, openOne, read, recordsOf, serve } from './support.ts';

interface Search {
  readonly limit: number;
  readonly after?: string;
  readonly sorts?: readonly { readonly propertyName: string }[];
  readonly filterGroups?: readonly {
    readonly filters: readonly {
      readonly propertyName: string;
      readonly operator: 'GTE' | 'LT' | 'GT';
      readonly value: string;
    }[];
  }[];
}

const changedAt = Date.UTC(2025, 7, 15, 12);

/**
 * HubSpot's search over `total` deals that were all changed at one time, in no order by itself: it pages by `after`, and no further
 * than 10,000.
 *
 * @param options.refuses whether the page behind the 10,000th is refused, as HubSpot does, or no more told of
 * @param options.heedsOrder whether it sorts and filters by the id
 */
function hubspot(
  total: number,
  { refuses = true, heedsOrder = true }: { refuses?: boolean; heedsOrder?: boolean } = {},
): { behaviour: Behaviour; searches: Search[] } {
  const searches: Search[] = [];
  const ids = Array.from({ length: total }, (_, index) => 900 + ((index * 7_919) % total));
  const behaviour: Behaviour = async (request, response) => {
    const search = JSON.parse(await bodyOf(request)) as Search;
    searches.push(search);
    const from = Number(search.after ?? 0);
    if (from + search.limit > 10_000 && refuses) {
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"category":"VALIDATION_ERROR"}');
      return;
    }
    const passes = (id: number): boolean =>
      (search.filterGroups ?? []).every(({ filters }) =>
        filters.every(({ propertyName, operator, value }) => {
          const own = propertyName === 'hs_object_id' ? id : changedAt;
          if (propertyName === 'hs_object_id' && !heedsOrder) return true;
          return operator === 'GTE'
            ? own >= Number(value)
            : operator === 'GT'
              ? own > Number(value)
              : own < Number(value);
        }),
      );
    const found = ids.filter(passes);
    if (heedsOrder && search.sorts?.[0]?.propertyName === 'hs_object_id') found.sort((a, b) => a - b);
    const to = Math.min(from + search.limit, refuses ? found.length : 10_000);
    await json({
      total: found.length,
      results: found.slice(from, to).map((id) => ({ id: String(id), properties: { amount: '1' } })),
      ...(to < Math.min(found.length, refuses ? found.length : 10_000) && {
        paging: { next: { after: String(to) } },
      }),
    })(request, response);
  };
  return { behaviour, searches };
}

const short = (url: string) => `
sources:
  - { name: hs, adapter: hubspot_deals, credentials: { access_token: x }, base_url: "${url}", rate_limit: { per_second: 1000, burst: 1000 } }
`;

const idsOf = (records: readonly unknown[]): unknown[] =>
  records.map((record) => (record as { opportunity_id: unknown }).opportunity_id);
const asked = { from: '2025-08-15', to: '2025-08-15' };

describe('a search of HubSpot that ends at 10,000', () => {
  it.each([
    ['refuses the next page', true],
    ['tells of no next page', false],
  ])('goes on behind the last id where it %s: every deal comes, once', async (_, refuses) => {
    const { behaviour, searches } = hubspot(10_450, { refuses });
    const server = await serve(behaviour);
    const ids = idsOf(await recordsOf(await openOne(short(server.url)), asked));
    expect(ids).toHaveLength(10_450);
    expect(new Set(ids).size).toBe(10_450);
    // 50 pages, and three more.
    expect(searches).toHaveLength(53);
    expect(searches[50]).toMatchObject({
      sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
      filterGroups: [
        {
          filters: [
            { propertyName: 'hs_lastmodifieddate', operator: 'GTE' },
            { propertyName: 'hs_lastmodifieddate', operator: 'LT' },
            { propertyName: 'hs_object_id', operator: 'GT', value: '10899' },
          ],
        },
      ],
    });
  });

  it('is never asked beyond it, also by pages that do not divide it, in the long form', async () => {
    const { behaviour } = hubspot(10_100);
    const server = await serve(behaviour);
    const source = await openOne(`
sources:
  - name: hs
    adapter: hubspot_deals
    url: ${server.url}/crm/v3/objects/deals/search
    rate_limit: { per_second: 1000, burst: 1000 }
    body:
      limit: 150
      sorts: [{ propertyName: hs_lastmodifieddate, direction: ASCENDING }]
      filterGroups: [{ filters: [{ propertyName: hs_lastmodifieddate, operator: GTE, value: "{since.ms}" }] }]
`);
    expect(new Set(idsOf(await recordsOf(source, asked))).size).toBe(10_100);
  });

  it('ends the run with an error where it gives no order to go on by', async () => {
    const { behaviour, searches } = hubspot(10_200, { heedsOrder: false });
    const server = await serve(behaviour);
    const { error } = await read(await openOne(short(server.url)), asked);
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      retryable: false,
      message:
        'Source hs ends a search after 10000 results, and they do not come in the order of id, by which the next search goes on; sort them by it, ascending, and ask for those greater than {last_id}.',
    });
    expect(searches).toHaveLength(50);
  });
});

/** Results of a platform that ends each search at 20. */
interface Row {
  readonly id: number;
  readonly day: number;
}

const feed = (url: string, more: string) => `
sources:
  - name: feed
    kind: ad_performance
    url: ${url}
    records: items
    ${more}
`;

function limited(rows: readonly Row[], tells: boolean): Behaviour {
  return (request, response) => {
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    const day = (name: string) => Number(query.get(name)?.slice(8));
    const found = rows.filter(
      (row) => row.day >= day('since') && row.day <= day('until') && row.id > Number(query.get('after')),
    );
    return json({ ...(tells && { meta: { total: found.length } }), items: found.slice(0, 20) })(
      request,
      response,
    );
  };
}

const rowsOf = (...perDay: readonly number[]): Row[] =>
  perDay
    .flatMap((count, index) => Array.from({ length: count }, () => index + 1))
    .map((day, index) => ({ id: index + 1, day }));
const days = { from: '2025-08-01', to: '2025-08-04' };

describe('window', () => {
  it.each([
    ['tells its total', true, 'window: { limit: 20 }\n    total: meta.total'],
    ['tells no total', false, 'window: { limit: 20 }'],
  ])('by days asks a source that %s for ever fewer of them', async (_, tells, more) => {
    const rows = rowsOf(15, 15, 3, 12);
    const server = await serve(limited(rows, tells));
    expect(await recordsOf(await openOne(feed(server.url, more)), days)).toEqual(rows);
    expect(server.requests.map(({ query }) => `${query.since?.slice(8)}–${query.until?.slice(8)}`)).toEqual([
      '01–04',
      '01–02',
      '01–01',
      '02–02',
      '03–04',
    ]);
  });

  it('by days ends with an error that names the day with too many', async () => {
    const server = await serve(limited(rowsOf(15, 21), true));
    const { records, error } = await read(
      await openOne(feed(server.url, 'window: { limit: 20 }\n    total: meta.total')),
      { from: '2025-08-01', to: '2025-08-02' },
    );
    expect(records).toHaveLength(15);
    expect(error?.message).toMatch(
      /^Source feed has more than the 20 results .* on 2025-08-02 alone; ask for less at once/,
    );
  });

  it('by id goes on behind the last one, with a total or without', async () => {
    const rows = rowsOf(50, 0, 7, 2);
    for (const tells of [true, false]) {
      const server = await serve(limited(rows, tells));
      const more = `window: { limit: 20, id: id }\n    parameters: { after: "{last_id}" }${tells ? '\n    total: meta.total' : ''}`;
      expect(await recordsOf(await openOne(feed(server.url, more)), days)).toEqual(rows);
      expect(server.requests.map(({ query }) => query.after)).toEqual([
        '0',
        '20',
        '40',
        // Nothing says that there are no more.
        ...(tells ? [] : ['59']),
      ]);
    }
  });

  it('by id does not go on by something else', async () => {
    const server = await serve(json({ items: Array.from({ length: 20 }, () => ({ id: '1" , "x": "' })) }));
    const { error } = await read(
      await openOne(
        feed(server.url, 'window: { limit: 20, id: id }\n    parameters: { after: "{last_id}" }'),
      ),
    );
    expect(error?.message).toContain('do not come in the order of id');
    expect(server.requests).toHaveLength(1);
  });
});

describe('a platform that gave fewer results than it told of', () => {
  const fewer =
    /says that there are 3 results, and gave 2; .* set window to that number .*, or lower days_per_request\.$/;

  it.each([
    ['total', 'total: meta.total', { items: [{ id: 1 }, { id: 2 }], meta: { total: 3 } }],
    [
      'the total of an offset',
      'pagination: { offset: { parameter: o, limit_parameter: l, limit: 2, stop: meta.total } }',
      { items: [{ id: 1 }, { id: 2 }], meta: { total: '3' } },
    ],
  ])('ends the run with an error: %s', async (_, more, first) => {
    const server = await serve(inTurn(json(first), json({ items: [], meta: { total: 3 } })));
    const { records, error } = await read(await openOne(feed(server.url, more)));
    expect(records).toHaveLength(2);
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', message: expect.stringMatching(fewer) });
  });

  it.each([
    ['salesforce_opportunities', { totalSize: 3, done: true, records: [{}, {}] }],
    ['tiktok', { code: 0, data: { list: [{}, {}], page_info: { total_page: 1, total_number: 3 } } }],
  ])('ends the run with an error: %s', async (adapter, answer) => {
    const server = await serve(json(answer));
    const source = await openOne(`sources: [{ name: any, adapter: ${adapter}, url: "${server.url}" }]`);
    expect((await read(source)).error?.message).toMatch(fewer);
  });

  it('may have had more of them when it began to tell', async () => {
    const server = await serve(
      inTurn(
        json({ items: [{ id: 1 }], meta: { total: 3 }, next: 'a' }),
        json({ items: [{ id: 2 }], meta: { total: 2 } }),
      ),
    );
    const more = 'total: meta.total\n    pagination: { cursor: { field: next, parameter: after } }';
    expect(await recordsOf(await openOne(feed(server.url, more)))).toHaveLength(2);
  });
});
