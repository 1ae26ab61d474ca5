import { request as httpRequest } from 'node:http';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { processorMs } from '../support/processor-time.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const tile = 'metrics(dateRange: { preset: YESTERDAY })';
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/**
 * The least processor time of three, or of fifteen where these are slow: what the refusal costs, not what else the program or a busy
 * machine does. Each time it is a document that nobody has seen.
 */
async function refusal(document: string) {
  let fastest = Number.POSITIVE_INFINITY;
  let answer = await app.query(document);
  for (let round = 0; round < 3 || (round < 15 && fastest >= 50); round++) {
    const ms = await processorMs(async () => {
      answer = await app.query(`${document} #${round}`);
    });
    fastest = Math.min(fastest, ms);
  }
  return { error: answer.errors?.[0], data: answer.data, ms: fastest };
}

describe('what would cost too much is refused in under 50 ms, before anything is run', () => {
  const notDeep = `{ ${tile} { nodes ${'{ cost '.repeat(13)}${'}'.repeat(13)} } }`;
  it.each([
    ['13 fields deep', notDeep, /15 fields deep; at most 12/],
    ['3,000 fields deep', `${'{ a '.repeat(3_000)}${'}'.repeat(3_000)}`, /more than 200 deep/],
    ['deep in a list argument', `{ a(b: ${'['.repeat(4_000)}${']'.repeat(4_000)}) }`, /more than 200 deep/],
    [
      'deep in a filter',
      `{ metrics(dateRange: { preset: TODAY }, where: ${'{ not: '.repeat(40)}{}${'}'.repeat(40)}) { totals { cost } } }`,
      /more than 30 deep/,
    ],
    ['wide', `{ ${tile} { nodes { ${'clicks '.repeat(6_000)} } } }`, /more than \d+ fields/],
    [
      '60 aliased tiles',
      `{ ${times(60, (index) => `t${index}: ${tile} { totals { cost } }`)} }`,
      /more than 50 fields at its root/,
    ],
    [
      '1,000 aliases',
      `{ ${tile} { nodes { ${times(1_000, (index) => `c${index}: cost`)} } } }`,
      /more than 200 aliases/,
    ],
    [
      '400 times one field',
      `{ ${tile} { nodes { ${'cost '.repeat(400)} } } }`,
      /more than 300 fields named cost/,
    ],
    [
      '4,000 directives',
      `{ ${tile} { nodes { cost ${'@include(if: true) '.repeat(1_000)} } } }`,
      /more than 100 directives/,
    ],
    [
      'fragments that double thirty times',
      `{ ...F0 } ${times(30, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F30 on Query { __typename }`,
      /more than 50 fields at its root/,
    ],
    [
      '600 variables',
      `query (${times(600, (index) => `$v${index}: Int`)}) { __typename }`,
      /more than 500 variables/,
    ],
    [
      '20,000 tokens',
      `{ ${tile} { nodes { ${times(5_000, (index) => `a${index}: cost`)} } } }`,
      /more than 10000 words/,
    ],
    ['100 KB', `{ ${tile} { totals { cost } } } # ${'x'.repeat(100_000)}`, /at most 100000 are allowed/],
    [
      'too many rows',
      `{ ${times(10, (index) => `t${index}: metrics(dateRange: { preset: TODAY }, first: 10000) { nodes { cost clicks leads cpc cpa roas } }`)} }`,
      /could have 7\d{5} values; at most 500000/,
    ],
    [
      'introspection within introspection',
      `{ __schema { types ${'{ fields { type '.repeat(5)}{ name }${' } }'.repeat(5)} } }`,
      /introspection depth/i,
    ],
  ])('%s', async (_, document, message) => {
    const { error, data, ms } = await refusal(document);
    expect(error?.message).toMatch(message);
    expect(['QUERY_TOO_COMPLEX', 'GRAPHQL_VALIDATION_FAILED']).toContain(error?.extensions.code);
    expect(data ?? null).toBeNull();
    expect(ms).toBeLessThan(50);
  });

  it('cyclic fragments, also many that spread each other', async () => {
    const two = await refusal('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }');
    expect(two.error?.message).toBe('Cannot spread fragment "A" within itself.');
    const many = await refusal(
      `{ ...F0 } ${times(60, (index) => `fragment F${index} on Query { ${times(60, (other) => `...F${other}`)} }`)}`,
    );
    expect(many.error?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const unused = await refusal(
      `{ __typename } ${times(60, (index) => `fragment F${index} on Query { __typename ${times(59 - index, (other) => `...F${index + other + 1}`)} }`)}`,
    );
    expect(unused.error?.message).toContain('more than 500 fragment spreads');
    expect(Math.max(unused.ms, two.ms, many.ms)).toBeLessThan(50);
  });

  it('edges cost what nodes do and one value a row for the edge, and both together the sum', async () => {
    const values = async (rows: string): Promise<number> => {
      const { error } = await refusal(
        `{ ${times(20, (index) => `t${index}: metrics(dateRange: { preset: TODAY }, first: 10000) { ${rows} }`)} }`,
      );
      return Number(/could have (\d+) values/.exec(error?.message ?? '')?.[1]);
    };
    const nodes = await values('nodes { cost clicks leads }');
    const edges = await values('edges { node { cost clicks leads } }');
    expect([nodes, edges]).toEqual([20 * (1 + 10_000 * 4), 20 * (1 + 10_000 * 5)]);
    expect(await values('nodes { cost clicks leads } edges { node { cost clicks leads } }')).toBe(
      nodes + edges - 20,
    );
  });

  it('`first` in a variable counts as in the document', async () => {
    const document = `query ($first: Int!) { ${times(10, (index) => `t${index}: metrics(dateRange: { preset: TODAY }, first: $first) { nodes { cost clicks leads cpc cpa roas } }`)} }`;
    expect((await app.query(document, { first: 10_000 })).errors?.[0]?.extensions.code).toBe(
      'QUERY_TOO_COMPLEX',
    );
    expect(await app.query(document, { first: 100 })).not.toHaveProperty('errors');
  });

  it('subtotals count by their levels, whatever `first` says', async () => {
    const document = (tiles: number, levels: string): string =>
      `query ($by: [[Dimension!]!]!) { ${times(tiles, (index) => `t${index}: metrics(dateRange: { preset: TODAY }, groupBy: [CHANNEL, CAMPAIGN_ID], first: 1) { subtotals(by: ${levels}) { nodes { channel cost clicks leads cpc } } }`)} }`;
    const by = Array.from({ length: 10 }, () => ['CHANNEL']);
    const refused = [
      await app.query(document(20, '$by'), { by }),
      await app.query(
        document(20, JSON.stringify(by).replaceAll('"', '')).replace(/^query [^)]*\)/, 'query'),
      ),
    ];
    for (const { errors } of refused)
      expect(errors).toMatchObject([
        { message: expect.stringContaining('could have 1'), extensions: { code: 'QUERY_TOO_COMPLEX' } },
      ]);
    expect(await app.query(document(5, '$by'), { by })).not.toHaveProperty('errors');
    expect(await app.query(document(50, '$by'), { by: [[]] })).not.toHaveProperty('errors');
    expect((await app.query(document(1, '$by'), { by: [['CHANNEL', 'CHANNEL']] })).errors).toMatchObject([
      {
        message: 'subtotals.by names CHANNEL twice in a level; name each dimension once.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  it('a series counts the dates of its range', async () => {
    const document =
      'query ($range: DateRangeInput!, $by: Granularity) { campaigns(dateRange: { preset: TODAY }, first: 1000) { nodes { timeseries(dateRange: $range, granularity: $by) { date cost clicks } } } }';
    const year = { between: { from: '2025-01-01', to: '2025-12-31' } };
    expect((await app.query(document, { range: year })).errors).toMatchObject([
      { message: expect.stringContaining('could have 14'), extensions: { code: 'QUERY_TOO_COMPLEX' } },
    ]);
    for (const variables of [
      { range: year, by: 'MONTH' },
      { range: { preset: 'LAST_30_DAYS' } },
      { range: { last: { count: 10, unit: 'WEEK' } } },
    ])
      expect(await app.query(document, variables)).not.toHaveProperty('errors');
    const literal = document
      .replace('$range,', '{ last: { count: 2, unit: YEAR } },')
      .replace(/^query [^)]*\)/, 'query');
    expect((await app.query(literal.replace(', granularity: $by', ''))).errors?.[0]?.extensions.code).toBe(
      'QUERY_TOO_COMPLEX',
    );
    expect(await app.query(document, { range: { last: { count: 0, unit: 'YEAR' } } })).not.toMatchObject({
      errors: [{ extensions: { code: 'INTERNAL' } }],
    });
  });

  it('a funnel counts its five steps, whatever `first` says', async () => {
    const funnel = 'value steps { step count stepConversion overallConversion }';
    const of = (first: number, by: string): string =>
      `{ funnel(dateRange: { between: { from: "2025-01-01", to: "2025-12-31" } }, by: ${by}, first: ${first}) { ${funnel} } }`;
    expect(await app.query(of(366, 'DATE'))).not.toHaveProperty('errors');
    expect(await app.query(of(1_000, 'CAMPAIGN_ID'))).not.toHaveProperty('errors');
    // 5 steps of 1 + 4 values, and 1 + 1 for the funnel itself.
    const cost = 27;
    const refused = `{ ${times(3, (index) => `f${index}: funnel(dateRange: { preset: TODAY }, by: CHANNEL, first: 10000) { ${funnel} }`)} }`;
    expect((await app.query(refused)).errors).toMatchObject([
      { message: expect.stringContaining(`could have ${3 * 10_000 * cost} values`) },
    ]);
  });

  it('lists in each row of a list are not as long as it', async () => {
    const runs = '{ ingestRuns(first: 1000) { id rejectedByReason { name count } } }';
    expect(await app.query(runs)).not.toHaveProperty('errors');
  });

  it('a filter of 600 conditions, in the document and in variables', async () => {
    const or = Array.from({ length: 600 }, (_, index) => ({ channel: { eq: `c${index}` } }));
    const inline = `{ metrics(dateRange: { preset: TODAY }, where: { or: [${times(600, (index) => `{ channel: { eq: "c${index}" } }`)}] }) { totals { cost } } }`;
    const document =
      'query ($where: MetricsWhere) { metrics(dateRange: { preset: TODAY }, where: $where) { totals { cost } } }';
    for (const { errors } of [await app.query(inline), await app.query(document, { where: { or } })]) {
      expect(errors).toMatchObject([
        {
          message: expect.stringContaining('more than 500 input objects'),
          extensions: { code: 'QUERY_TOO_COMPLEX' },
        },
      ]);
    }
    expect(await app.query(document, { where: { or: or.slice(0, 240) } })).not.toHaveProperty('errors');
  });

  it.each([
    ['a megabyte of wrong values', { groupBy: Array<string>(180_000).fill('xx') }],
    ['one wrong value of a megabyte', { groupBy: ['x'.repeat(1_000_000)] }],
    [
      'an object whose every field is wrong, and long',
      {
        groupBy: Object.fromEntries(
          Array.from({ length: 30 }, (_, index) => [`a${index}`, 'x'.repeat(30_000)]),
        ),
      },
    ],
  ])('%s in a variable: the answer is short, and costs little', async (_, variables) => {
    let text = '';
    const ms = await processorMs(async () => {
      const reply = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query:
            'query ($groupBy: [Dimension!]!) { metrics(dateRange: { preset: TODAY }, groupBy: $groupBy) { totals { cost } } }',
          variables,
        }),
      });
      text = await reply.text();
    });
    expect(ms).toBeLessThan(1_000);
    expect(text.length).toBeLessThan(60_000);
    const { errors } = JSON.parse(text) as { errors: { message: string; extensions: { code: string } }[] };
    expect(errors.length).toBeLessThanOrEqual(21);
    expect(errors[0]?.message).toMatch(/^Variable "\$groupBy" got invalid value /);
    expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
  });

  it.each([
    ['itself', (wrong: object) => ({ ...wrong, preset: 'TODAY' }), 'DateRangeInput'],
    ['deep in it', (wrong: object) => ({ or: [{ not: { adId: wrong } }] }), 'TextFilter'],
  ])('40,000 fields that the type of a variable does not have, %s: one is told, and it costs little', async (_, make, type) => {
    const wrong = Object.fromEntries(
      Array.from({ length: 40_000 }, (_field, index) => [`wrong${index}`, index]),
    );
    const variables = { value: make(wrong) };
    const query =
      type === 'DateRangeInput'
        ? 'query ($value: DateRangeInput!) { metrics(dateRange: $value) { totals { cost } } }'
        : 'query ($value: MetricsWhere) { metrics(dateRange: { preset: TODAY }, where: $value) { totals { cost } } }';
    const { errors = [] } = await app.query(query, variables);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(`Field "wrong0" is not defined by type "${type}"`);
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('a document of 1,600 mistakes is read for them once', async () => {
    const document = `{ ${tile} { nodes { ${times(1_600, (index) => `x${index}(a: 1)`)} } } }`;
    const { error, ms } = await refusal(document);
    expect(error?.message).toContain('Cannot query field "x0"');
    expect(ms).toBeLessThan(250);
    const { errors } = await app.query(document);
    expect(errors).toHaveLength(21);
    expect(errors?.at(-1)).toMatchObject({
      message: 'More is wrong than is told here.',
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });

  it('variables nested thousands deep', async () => {
    let where: Record<string, unknown> = {};
    for (let depth = 0; depth < 3_000; depth++) where = { not: where };
    const { errors } = await app.query(
      'query ($where: MetricsWhere) { metrics(dateRange: { preset: TODAY }, where: $where) { totals { cost } } }',
      { where },
    );
    expect(errors).toMatchObject([
      { message: expect.stringContaining('30 deep'), extensions: { code: 'QUERY_TOO_COMPLEX' } },
    ]);
  });
});

describe('bodies', () => {
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: body as string,
    });

  it('over 1 MB get 413, by their announced length before they are read', async () => {
    let least = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < 5 && least >= 50; turn++) {
      const ms = await processorMs(async () => {
        const response = await post(JSON.stringify({ query: `{ __typename } # ${'x'.repeat(1_100_000)}` }));
        expect([response.status, await response.json()]).toEqual([
          413,
          {
            errors: [
              { message: expect.stringContaining('1048576 bytes'), extensions: { code: 'BAD_USER_INPUT' } },
            ],
          },
        ]);
      });
      least = Math.min(least, ms);
    }
    expect(least).toBeLessThan(50);
  });

  it('over 1 MB get 413 without an announced length, too, and the connection is not read on', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(
        `${app.url}/graphql`,
        { method: 'POST', headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } },
        (response) => resolve(response.resume().statusCode),
      );
      request.on('error', reject);
      for (let sent = 0; sent < 20; sent++) request.write(Buffer.alloc(100_000, ' '));
    });
    expect(status).toBe(413);
  });

  it.each([
    ['a form, which any page can send', '{}', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['plain text', '{}', { 'content-type': 'text/plain' }, 415],
    ['another charset', '{}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['compressed', '{}', { 'content-encoding': 'gzip' }, 415],
    ['no JSON', '{"query": ', {}, 400],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 400],
    ['a batch', '[{"query":"{ __typename }"}]', {}, 400],
    ['a misspelt parameter', '{"query":"{ __typename }","variable":{}}', {}, 400],
    ['no document', '{}', {}, 400],
  ])('%s', async (_, body, headers: Record<string, string>, status) => {
    const response = await post(body, headers);
    expect([response.status, await response.json()]).toEqual([
      status,
      { errors: [{ message: expect.any(String), extensions: { code: 'BAD_USER_INPUT' } }] },
    ]);
  });
});

describe('what dashboards and tools send passes', () => {
  it('GraphiQL’s introspection query', async () => {
    const answer = await app.query(
      getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true, oneOf: true }),
    );
    expect(answer).not.toHaveProperty('errors');
  });

  it('20 tiles with aliases, fragments and directives', async () => {
    const answer = await app.query(
      `query ($more: Boolean = true) { ${times(20, (index) => `t${index}: metrics(dateRange: { last: { count: 30, unit: DAY } }, groupBy: [DATE, CHANNEL], first: 500) { rows: nodes { day: date channel ...Row roas @include(if: $more) } sums: totals { cost } }`)} }
       fragment Row on MetricsNode { cost clicks impressions leads revenue cpc cpa }`,
    );
    expect(answer).not.toHaveProperty('errors');
  });

  it('10,000 rows of a wide table', async () => {
    const answer = await app.query(
      '{ metrics(dateRange: { last: { count: 365, unit: DAY } }, groupBy: [DATE, CHANNEL, CAMPAIGN_ID], first: 10000) { nodes { date channel campaignId impressions clicks cost leads opportunities closedWon revenue ctr cpc cpm cpa roas } totals { cost } } }',
    );
    expect(answer).not.toHaveProperty('errors');
  });
});

it('the operator sets the limits', async () => {
  const strict = await startTestApp({
    environment: {
      QUERY_MAX_DEPTH: '3',
      QUERY_MAX_ROOT_FIELDS: '1',
      QUERY_MAX_ALIASES: '1',
      QUERY_MAX_COMPLEXITY: '1000',
    },
  });
  try {
    const codes = async (document: string) =>
      (await strict.query(document)).errors?.map(({ message }) => message);
    expect(await codes(`{ ${tile} { meta { warnings { code } } } }`)).toEqual([
      expect.stringContaining('at most 3'),
    ]);
    expect(await codes('{ __typename a: __typename }')).toEqual([
      expect.stringContaining('more than 1 fields'),
    ]);
    expect(await codes(`{ ${tile} { nodes { a: cost b: cost } } }`)).toEqual([
      expect.stringContaining('more than 1 aliases'),
    ]);
    expect(await codes('{ metrics(dateRange: { preset: TODAY }, first: 1000) { nodes { cost } } }')).toEqual([
      expect.stringContaining('at most 1000 are allowed'),
    ]);
  } finally {
    await strict.close();
  }
});
