import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { type Table, tables } from '../../src/clickhouse/tables.ts';
import { adPerformanceTable } from '../../src/ingest/kinds/ad-performance-table.ts';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { Repairs } from '../../src/records/outcome.ts';
import { readQuestions } from '../../src/rollups/advisor/read-questions.ts';
import { takeSample } from '../../src/rollups/advisor/sample.ts';
import { rowsOf } from '../ingest/storage/support.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { countFacts, type Raw } from '../support/oracle.ts';
import { oracleQueries, toGraphql } from '../support/oracle-questions.ts';
import { environmentOf } from './environment.ts';
import { type ClusterServers, startClusterServers } from './servers.ts';

/** The same program, twice: what one says, the other has to say. */
let servers: ClusterServers;
let single: TestApp;
let cluster: TestApp;
const apps = (): readonly [TestApp, TestApp] => [single, cluster];

const days = Array.from({ length: 90 }, (_, index) =>
  new Date(Date.UTC(2025, 4, 20 + index)).toISOString().slice(0, 10),
);
const normalise = createAdPerformanceNormaliser({ timezone: 'UTC', currency: 'USD' });
/** Without rows that have the key of a later one: they would end a run with REPLACE. */
const oncePerKey = ({ ads, ...others }: ReturnType<typeof dirtyFeeds>) => {
  const keyOf = (row: Raw): string => {
    const outcome = normalise(row, new Repairs());
    return 'record' in outcome ? adPerformanceTable.keyOf(outcome.record) : JSON.stringify(row);
  };
  return { ...others, ads: [...new Map(ads.map((row) => [keyOf(row), row])).values()] };
};
const first = oncePerKey(dirtyFeeds(5, { ads: 900, crm: 400 }, days));
const later = oncePerKey(dirtyFeeds(6, { ads: 500, crm: 400 }, days.slice(30)));
const facts = countFacts([...first.ads, ...later.ads], [...first.crm, ...later.crm]);
/** Each record of the CRM on another day, a week on. */
const moved = first.crm.slice(0, 200).map(
  (record): Raw => ({
    ...record,
    created_at: new Date(Date.parse(String(record.created_at)) + 7 * 86_400_000).toISOString(),
    stage: 'closed_won',
  }),
);
const spoilt: readonly Raw[] = [
  { date: 'yesterday', campaign_id: 'C-1', channel: 'google', clicks: 1, impressions: 1, cost: 1 },
  { date: '2025-07-01', channel: 'google', clicks: 1, impressions: 1, cost: 1 },
];
const events = Array.from({ length: 300 }, (_, index) => ({
  event_id: `E-${index % 250}`,
  timestamp: `${days[60 + (index % 25)]}T10:00:00Z`,
  service: (index % 250) % 3 === 0 ? 'shop' : 'blog',
  message: `visit ${index % 250}`,
  utm_campaign: 'spring',
}));

beforeAll(async () => {
  servers = await startClusterServers();
  const environment = {
    QUERY_MAX_COMPLEXITY: '1000000000',
    QUERY_COST_PER_MINUTE: '1000000000000',
    RESPONSE_CACHE_TTL_MS: '0',
    EVENT_RETENTION_DAYS: '20000',
    BUFFER_MAX_SIZE: '100000',
  };
  single = await startTestApp({ environment });
  cluster = await startTestApp({
    environment: { ...environment, ROLLUPS: 'on', ROLLUPS_MIN_ROWS: '0', ...environmentOf(servers) },
  });
}, 120_000);
afterAll(async () => {
  await Promise.all(apps().map((app) => app.close()));
  await servers.close();
}, 120_000);

/** What both say to the same document; fails where they differ. */
async function ask(document: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const [expected, actual] = await Promise.all(apps().map((app) => app.query(document, variables)));
  expect(expected?.errors, document).toBeUndefined();
  expect(actual, JSON.stringify({ document, variables })).toEqual(expected);
  return expected?.data;
}

const counts = ({ source, status, ...rest }: Readonly<Record<string, unknown>>) => ({
  source,
  status,
  read: rest.recordsRead,
  written: rest.recordsWritten,
  skipped: rest.skippedByReason,
  rejected: rest.rejectedByReason,
  repairs: rest.repairsByKind,
});

/** Runs both on the same feeds; they have to count the same. */
async function pull(feeds: { ads?: readonly Raw[]; crm?: readonly Raw[] }, input = ''): Promise<void> {
  const [expected, actual] = await Promise.all(
    apps().map(async (app) => {
      app.answer({ ads: adsFeed(feeds.ads ?? []), crm: crmFeed(feeds.crm ?? []) });
      return (await app.pull(`guard: OFF, ${input}`)).map(counts);
    }),
  );
  expect(expected?.map(({ status }) => status)).not.toContain('FAILED');
  expect(actual).toEqual(expected);
}

async function push(kind: string, records: readonly unknown[]): Promise<void> {
  const [expected, actual] = await Promise.all(
    apps().map(async (app) => {
      const response = await fetch(`${app.url}/ingest/${kind}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(records),
      });
      const { accepted, rejected } = (await response.json()) as Record<string, unknown>;
      // 202 where the store takes long: the records are on disk, and drained in their order.
      expect([200, 202]).toContain(response.status);
      return { accepted, rejected };
    }),
  );
  expect(actual).toEqual(expected);
}

const range = `dateRange: { between: { from: "${days[0]}", to: "${days[89]}" } }`;
const figures = 'cost clicks impressions leads opportunities closedWon revenue roas';

/** Questions of every kind that read stored records. */
async function askAround(): Promise<void> {
  await ask(
    `{ metrics(${range}, groupBy: [DATE, CHANNEL, MATCH], first: 10000) { nodes { date channel match ${figures} } totals { ${figures} } totalCount } }`,
  );
  await ask(
    `{ campaigns(${range}) { nodes { id metrics(${range}) { ${figures} } timeseries(${range}, granularity: MONTH) { date cost leads } } totalCount } channels(${range}) { name } }`,
  );
  await ask(`{ funnel(${range}, by: CHANNEL) { value steps { step count overallConversion } } }`);
  await ask(
    `{ dimensionValues(${range}, dimension: UTM_CAMPAIGN) { nodes { value rows cost } totalCount } }`,
  );
  await ask(`{ opportunities(${range}, first: 1000) { nodes { id stage amount channel campaignId match } totalCount }
    adPerformance(${range}, first: 1000) { nodes { date channel campaignId cost clicks } totalCount } }`);
  await ask(`{ dataQuality(${range}) { daysWithoutData matches { match records revenue }
    nearDuplicateUtms { nodes { dimension cost spellings { value cost } } totalCount } rejectedRecords { kind reason source count }
    rejects { name count } repairs { name count } revenueWithoutSpend { unattributed { revenue }
      campaigns { nodes { value revenue closedWon } } channels { nodes { value revenue closedWon } } } } }`);
  await ask(`{ ingestRuns(first: 100) { source status mode recordsRead recordsWritten } }`);
  // The order of rejects is that of milliseconds.
  const rejects = await Promise.all(
    apps().map(async (app) => {
      const { data } = await app.query(
        '{ rejectedRecords(first: 100) { nodes { kind reason field record } totalCount } }',
      );
      const { rejectedRecords: page } = data as unknown as {
        rejectedRecords: { nodes: unknown[]; totalCount: number };
      };
      return [page.totalCount, page.nodes.map((node) => JSON.stringify(node)).sort()];
    }),
  );
  expect(rejects[1]).toEqual(rejects[0]);
  await ask(`{ events(first: 1000, from: "2025-01-01T00:00:00Z") { nodes { eventId service message timestamp } totalCount }
    one: events(eventId: "E-7", from: "2025-01-01T00:00:00Z") { nodes { eventId message } } }`);
}

describe('after each of these, every figure of the cluster is the single server’s', () => {
  it('the CRM comes before the ads that its records belong to', async () => {
    await pull({ crm: first.crm }, 'sources: ["crm"]');
    await pull({ ads: [...first.ads, ...spoilt] }, 'sources: ["ads"]');
    await askAround();
  }, 180_000);

  it('REPLACE deletes, and the days of records move', async () => {
    await pull({ ads: later.ads, crm: [...moved, ...later.crm] });
    await pull({ ads: first.ads.slice(0, 300), crm: first.crm.slice(0, 20) });
    await pull({ ads: first.ads.slice(0, 300), crm: moved }, 'mode: REPLACE');
    await askAround();
  }, 180_000);

  it('the same feeds come again, and a run is replayed', async () => {
    await pull({ ads: first.ads.slice(0, 300), crm: moved });
    await Promise.all(
      apps().map(async (app) => {
        const { data } = await app.query('{ ingestRuns(first: 2) { id } }');
        const { ingestRuns } = data as unknown as { ingestRuns: { id: string }[] };
        for (const { id } of ingestRuns) {
          const answer = await app.query(
            'mutation ($id: ID!) { replayRun(id: $id, wait: true) { status } }',
            { id },
          );
          expect(answer.data).toMatchObject({ replayRun: { status: 'SUCCEEDED' } });
        }
      }),
    );
    await askAround();
  }, 180_000);

  it('records and events are pushed, some of them spoilt or twice', async () => {
    await push('ad-performance', [...later.ads.slice(0, 100), ...spoilt]);
    await push('opportunities', later.crm.slice(0, 100));
    await push('opportunities', later.crm.slice(0, 30));
    await push('events', events);
    await push('events', [...events, { service: '', message: 1, metadata: 'no object' }]);
    for (const app of apps()) {
      await expect
        .poll(
          async () =>
            (await app.query('{ events(first: 1, from: "2025-01-01T00:00:00Z") { totalCount } }')).data,
          { timeout: 60_000 },
        )
        .toMatchObject({ events: { totalCount: 250 } });
    }
    await Promise.all(apps().map((app) => app.ingest.idle()));
    await expect
      .poll(async () => (await single.query('{ rejectedRecords(first: 1) { totalCount } }')).data)
      .toEqual((await cluster.query('{ rejectedRecords(first: 1) { totalCount } }')).data);
    // What was pushed is seen at once, and attributed soon after.
    const matches = `{ metrics(${range}, groupBy: [DATE, CHANNEL, MATCH], first: 10000) { nodes { date channel match leads revenue } } }`;
    await expect
      .poll(
        async () => {
          const [expected, actual] = await Promise.all(apps().map((app) => app.query(matches)));
          return isDeepStrictEqual(actual?.data, expected?.data);
        },
        { timeout: 120_000, interval: 1_000 },
      )
      .toBe(true);
    await askAround();
  }, 300_000);

  it('random queries that use everything are answered alike', async () => {
    const asked = fc.sample(oracleQueries(days, facts), { seed: 21, numRuns: 30 });
    for (const query of asked) {
      const { document, variables } = toGraphql(query);
      await ask(document, variables);
    }
  }, 240_000);
});

describe('the rows', () => {
  const kept = {
    ad_performance: 'date, row_key, clicks, impressions, cost, source, is_deleted',
    opportunities: 'date, opportunity_id, stage, amount, channel, campaign_id, match, source, is_deleted',
    events: 'event_id, timestamp, service, message, is_deleted',
  };

  it('are each on the shard that its key gives, and on no other', async () => {
    const { store } = cluster;
    const distributed = (
      await rowsOf(
        store,
        `SELECT name FROM system.tables WHERE database = '${store.database}' AND engine = 'Distributed'`,
      )
    ).flat();
    expect(distributed).toEqual(expect.arrayContaining(Object.keys(kept)));
    for (const [table, { shardingKey: key }] of Object.entries<Table>(tables)) {
      if (!distributed.includes(table)) continue;
      const statement = `SELECT countIf(_shard_num != (${key}) % 2 + 1), uniqExact(_shard_num) FROM ${table}`;
      const [row] = await rowsOf(store, statement);
      expect(row?.[0], table).toBe(0);
      if (table in kept) expect(row?.[1], `${table} is on both shards`).toBe(2);
    }
  });

  it('are as many once the days are merged, deletions counted, and say the same', async () => {
    for (const [table, columns] of Object.entries(kept)) {
      const [expected, actual] = await Promise.all(
        apps().map(async ({ store }) => {
          await store.command(sql`OPTIMIZE TABLE ${store.layout.held(table)} FINAL`, {
            everywhere: true,
            changesAnswersOf: [],
          });
          return rowsOf(store, `SELECT count(), toString(sum(sipHash64(${columns}))) FROM ${table}`);
        }),
      );
      expect(Number(expected?.[0]?.[0]), table).toBeGreaterThan(200);
      expect(actual, table).toEqual(expected);
    }
  });

  it('leave nothing staged behind', async () => {
    for (const table of ['staged_ad_performance', 'staged_opportunities', 'planned_opportunities'])
      expect(await rowsOf(cluster.store, `SELECT count() FROM ${table}`), table).toEqual([[0]]);
  });
});

describe('the advisor of rollups', () => {
  it('finds each question once', async () => {
    const [expected, actual] = await Promise.all(
      apps().map(async ({ store }) => {
        await store.command(sql`SYSTEM FLUSH LOGS`, { everywhere: true, changesAnswersOf: [] });
        const times = new Map<string, number>();
        for (const { question, times: more } of await readQuestions(store, { days: 1, user: '' })) {
          const { sides, dimensions, hasBreakdown } = question;
          const key = JSON.stringify({ sides, dimensions, hasBreakdown });
          times.set(key, (times.get(key) ?? 0) + more);
        }
        return times;
      }),
    );
    expect(expected?.size).toBeGreaterThan(5);
    expect(actual).toEqual(expected);
  });

  it('estimates sets alike', async () => {
    const [expected, actual] = await Promise.all(
      apps().map(async ({ store }) => {
        const { bytesPerRow, ...counts } = await takeSample(
          store,
          [['utmContent'], ['channel', 'utmTerm']],
          Number.MAX_SAFE_INTEGER,
        );
        expect(bytesPerRow).toBeGreaterThan(0);
        return counts;
      }),
    );
    expect(expected?.days).toBe(7);
    expect(expected?.groups.every((rows) => rows > 0)).toBe(true);
    expect(actual).toEqual(expected);
  });
});
