import { brotliCompressSync, constants } from 'node:zlib';
import type { Ask } from '../security/send.ts';

/** A request that is meant to cost others something. */
export interface Attack extends Ask {
  readonly name: string;
  /** So many at once. */
  readonly times: number;
}

const range = 'dateRange: { last: { count: 540, unit: DAY } }';
const every =
  'groupBy: [AD_ID, CAMPAIGN_ID, DATE, CHANNEL, UTM_CAMPAIGN, UTM_SOURCE, UTM_MEDIUM, UTM_CONTENT, UTM_TERM]';
const heavy = (index: number, more = ''): string =>
  `t${index}: metrics(${range}, ${every}, where: { adId: { ne: "${index}" } }, first: 10000 ${more}) { nodes { adId cost cpc } totals { cost leads roas } }`;
const tiles = (count: number, tile: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => tile(index)).join('\n');
const list = Array.from({ length: 9_500 }, (_, index) => `campaign ${index} `.padEnd(80, "\\'"));
const numbered = (count: number, value: (index: number) => unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`wrong${index}`, value(index)]));

const graphql = (name: string, query: string, variables: unknown = {}, times = 1): Attack => ({
  name,
  times,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query, variables }),
});
const push = (
  name: string,
  path: string,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Attack => ({ name, times: 1, path, headers: { 'content-type': type, ...headers }, body });
const brotli = (text: string): Buffer =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
const small = '{ metricCatalog { measures { name } } }';

/** The worst that is known, each once found to take others down. */
export function knownAttacks(): readonly Attack[] {
  const ndjson = 'application/x-ndjson';
  const packed = { 'content-encoding': 'br' };
  const days = Array.from({ length: 29_000 }, (_, index) =>
    JSON.stringify({ timestamp: new Date(Date.now() + index * 86_400_000).toISOString(), message: 'x' }),
  );
  return [
    graphql(
      'a wrong tile beside heavy ones',
      `{ ${tiles(24, heavy)} wrong: metrics(${range}, orderBy: [{ measure: ROAS }, { measure: ROAS }], first: -1) { nodes { cost } } }`,
      {},
      3,
    ),
    graphql('50 heavy tiles', `{ ${tiles(50, heavy)} }`, {}, 3),
    graphql(
      '50 tiles over one long list',
      `query($ids: [String!]) { ${tiles(50, (index) => `t${index}: metrics(${range}, first: ${index + 1}, where: { campaignId: { in: $ids } }) { totals { cost } }`)} }`,
      { ids: list },
      3,
    ),
    graphql(
      'a thousand conditions',
      `query($w: MetricsWhere) { metrics(${range}, where: $w) { totals { cost } } }`,
      {
        w: {
          or: Array.from({ length: 1_000 }, (_, index) => ({
            channel: { eq: `${index}` },
            adId: { ne: 'x' },
          })),
        },
      },
    ),
    graphql(
      '40,000 wrong fields',
      `query($w: MetricsWhere) { metrics(${range}, where: $w) { totals { cost } } }`,
      { w: numbered(40_000, (index) => index) },
      3,
    ),
    graphql(
      '100,000 empty events',
      'mutation($records: [EventInput!]!) { ingestEvents(input: { records: $records }) { accepted } }',
      { records: Array.from({ length: 100_000 }, () => ({})) },
    ),
    graphql('deep selections', `{ ${'ingestRuns { nodes { '.repeat(3_000)}id${' } }'.repeat(3_000)} }`),
    graphql(
      'fragments that double',
      `{ ...f0 } ${tiles(30, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)} fragment f30 on Query { __typename }`,
    ),
    graphql('20,000 aliases', `{ ${tiles(20_000, (index) => `a${index}: __typename`)} }`),
    graphql(
      'a forged cursor',
      `{ metrics(${range}, groupBy: [DATE], after: "${'A'.repeat(100_000)}") { nodes { date } } }`,
    ),
    {
      ...graphql('blanks in Content-Type', small),
      headers: { 'content-type': `application/json;${' '.repeat(15_000)}x` },
      times: 3,
    },
    {
      ...graphql('a cookie of separators', small),
      headers: { 'content-type': 'application/json', cookie: '; ='.repeat(4_500) },
    },
    {
      ...graphql('a list of types', small),
      headers: { 'content-type': 'application/json', accept: ',;q=,'.repeat(3_000) },
    },
    {
      name: 'unauthenticated probes',
      times: 200,
      method: 'GET',
      path: '/readyz',
      headers: { authorization: '' },
    },
    push('blank lines of brotli', '/ingest/events', ndjson, brotli('\n'.repeat(100_000_000)), packed),
    push(
      'commas of brotli',
      '/ingest/events',
      'application/json',
      brotli(`[${','.repeat(30_000_000)}`),
      packed,
    ),
    push(
      'brackets of brotli',
      '/ingest/ad-performance',
      'application/json',
      brotli('['.repeat(30_000_000)),
      packed,
    ),
    push(
      'quotes of brotli',
      '/ingest/opportunities',
      'text/csv',
      brotli(`opportunity_id,stage\n${'"a""'.repeat(5_000_000)}`),
      packed,
    ),
    push('days far ahead', '/ingest/events', ndjson, days.join('\n')),
    push(
      'what is no UTF-8',
      '/ingest/ad-performance',
      ndjson,
      Buffer.alloc(500_000, Buffer.from('{"date":"2025-01-01","campaign_id":"\xe4"}\n', 'latin1')),
    ),
    push('a coding that is a method', '/ingest/events', ndjson, '{}\n', {
      'content-encoding': 'constructor',
    }),
  ];
}
