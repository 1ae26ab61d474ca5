import fc from 'fast-check';
import {
  type GraphQLInputType,
  GraphQLObjectType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { RESPONSE_CACHE_TTL_MS: '0' } });
  const utm = { utm_campaign: 'x', utm_source: 'google', utm_medium: 'cpc' };
  app.answer({
    ads: adsFeed([
      {
        date: '2025-08-01',
        campaign_id: 'C-1',
        channel: 'google',
        clicks: 1,
        impressions: 1,
        cost: 1,
        ...utm,
      },
    ]),
    crm: crmFeed([
      { opportunity_id: 'O-1', created_at: '2025-08-01T10:00:00Z', stage: 'lead', amount: 1, ...utm },
    ]),
  });
  await app.pull();
});
afterAll(() => app.close());

/** Marks every hostile text, so that it can be looked for in statements. */
const mark = 'zq7mark';
const hostile = fc.oneof(
  fc.constantFrom(
    `${mark}' OR 1=1 --`,
    `${mark}'); DROP TABLE ad_performance; --`,
    `${mark}\\' UNION ALL SELECT password FROM system.users --`,
    `${mark}{p1:String}`,
    `${mark}\u0000\n\t/* */ # `,
    `${mark}\`"$$%27%3B`,
    `${mark}😀\uD800`,
  ),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => mark + text),
);

/** A value for an argument in which every free text is hostile; undefined where there is none to be hostile in. */
function poison(type: GraphQLInputType, text: string, depth = 0): unknown {
  if (isNonNullType(type)) return poison(type.ofType, text, depth) ?? harmless(type.ofType);
  if (isListType(type)) {
    const item = poison(type.ofType, text, depth);
    return item === undefined ? undefined : [item];
  }
  if (isScalarType(type)) return type.name === 'String' || type.name === 'ID' ? text : undefined;
  if (!isInputObjectType(type) || depth > 3) return undefined;
  const fields = Object.values(type.getFields());
  const poisoned = fields.flatMap((field) => {
    const value = poison(field.type, text, depth + 1);
    return value === undefined ? [] : [[field.name, value] as const];
  });
  if (poisoned.length === 0) return undefined;
  const required = fields
    .filter((field) => isNonNullType(field.type))
    .map((field) => [field.name, harmless(field.type)] as const);
  return Object.fromEntries(type.isOneOf ? poisoned.slice(0, 1) : [...required, ...poisoned]);
}

function harmless(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return harmless(type.ofType);
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues().at(1)?.name;
  if (isInputObjectType(type)) return { between: { from: '2025-08-01', to: '2025-08-31' } };
  return type.name === 'LocalDate' ? '2025-08-01' : type.name === 'Boolean' ? true : 1;
}

/** One question for each argument of each field at the root that takes a text somewhere. */
function questions() {
  const roots = [schema.getQueryType(), schema.getMutationType()].filter(
    (root) => root instanceof GraphQLObjectType,
  );
  return roots.flatMap((root) =>
    Object.values(root.getFields()).flatMap((field) =>
      field.args
        .filter((argument) => poison(argument.type, 'x') !== undefined)
        .map((argument) => {
          const others = field.args.filter(
            (other) => other !== argument && isNonNullType(other.type) && other.defaultValue === undefined,
          );
          const used = [argument, ...others];
          const operation = root === schema.getQueryType() ? 'query' : 'mutation';
          return {
            title: `${field.name}(${argument.name})`,
            document: `${operation} (${used.map(({ name, type }) => `$${name}: ${type}`).join(', ')}) { ${field.name}(${used.map(({ name }) => `${name}: $${name}`).join(', ')}) { __typename } }`,
            variables: (text: string) => ({
              ...Object.fromEntries(others.map((other) => [other.name, harmless(other.type)])),
              [argument.name]: poison(argument.type, text),
            }),
          };
        }),
    ),
  );
}

const cases = questions();

it('knows the arguments that take text', () => {
  expect(cases.map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      'metrics(where)',
      'metrics(after)',
      'metrics(timezone)',
      'dimensionValues(search)',
      'campaign(id)',
      'triggerIngest(input)',
      'ingestRuns(source)',
    ]),
  );
});

const allowed = new Set(['BAD_USER_INPUT', 'NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED']);

it.each(cases)('$title: no text breaks anything, none reaches SQL', async ({ document, variables }) => {
  for (const text of fc.sample(hostile, { seed: 5, numRuns: 25 })) {
    const { errors = [] } = await app.query(document, variables(text));
    for (const error of errors)
      expect(allowed, `${JSON.stringify(text)}: ${error.message}`).toContain(error.extensions.code);
  }
});

it('whole statements hold placeholders, not texts, and change nothing', async () => {
  const document = `query ($where: MetricsWhere) { metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }, groupBy: [CHANNEL], where: $where) { nodes { channel cost leads } totals { roas } totalCount meta { sql } } }`;
  for (const text of fc.sample(hostile, { seed: 6, numRuns: 100 })) {
    const filter = {
      eq: text,
      ne: text,
      in: [text],
      notIn: [text],
      contains: text,
      startsWith: text,
      endsWith: text,
    };
    const { data, errors } = await app.query(document, {
      where: {
        utmCampaign: filter,
        campaignId: { in: [text] },
        or: [{ channel: filter }, { not: { utmTerm: filter } }],
      },
    });
    expect(errors).toBeUndefined();
    const { metrics } = data as unknown as { metrics: { totalCount: number; meta: { sql: string } } };
    expect(metrics.totalCount).toBe(0);
    expect(metrics.meta.sql).toContain('IN ({p4:Array(String)})');
    expect(metrics.meta.sql.toLowerCase().includes(mark)).toBe(false);
  }
  const { data } = await app.query(
    '{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }) { totals { cost leads } } }',
  );
  expect(data).toEqual({ metrics: { totals: { cost: 1, leads: 1 } } });
});
