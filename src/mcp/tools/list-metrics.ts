import { z } from 'zod';
import { ownQuery } from '../arguments.ts';
import { queryShape, type Tool, textsAreData } from '../tool.ts';

/** Days back whose ads rows are looked through for names of breakdowns, and names at most. */
const breakdownDays = 90;
const mostBreakdowns = 50;

const named = { name: z.string(), field: z.string(), description: z.string(), isOwn: z.boolean() };
const catalogShape = z.object({
  measures: z.array(
    z.object({
      ...named,
      unit: z.string(),
      formula: z.string(),
      additive: z.boolean(),
      countedFrom: z.array(z.string()),
    }),
  ),
  dimensions: z.array(z.object(named)),
});
const dataShape = z.object({
  metricCatalog: catalogShape,
  metrics: z.object({ meta: z.object({ to: z.string(), freshness: z.string().nullable() }) }),
  breakdowns: z.object({ nodes: z.array(z.object({ value: z.string().nullable() })) }),
});

export const listMetrics: Tool = {
  name: 'list_metrics',
  title: 'List measures and dimensions',
  description:
    'Lists every measure (with formula and unit) and every dimension that the other tools take, with the workspace that this connection reads, today’s date there, and when data last arrived. Call it first.',
  input: () => z.strictObject({}),
  output: z.object({
    workspace: z.string().describe('The only workspace that this connection reads.'),
    role: z.string().describe('Role of the key.'),
    isRestricted: z.boolean().describe('True: the key sees some channels only, and so do all figures.'),
    today: z.string().describe('Today in the reporting time zone.'),
    freshness: z.string().nullable().describe('When the last run that stored data ended.'),
    ...catalogShape.shape,
    breakdowns: z
      .array(z.string())
      .describe(`Names of breakdowns of the last ${breakdownDays} days, highest cost first.`),
    note: z.string(),
    query: queryShape,
  }),
  async run(_args, { caller, schema, ask }) {
    const query = ownQuery(schema, 'McpListMetrics', [
      {
        field: 'metricCatalog',
        given: {},
        selection:
          'measures { name field unit formula description additive countedFrom isOwn } dimensions { name field description isOwn }',
      },
      { field: 'metrics', given: { dateRange: { preset: 'TODAY' } }, selection: 'meta { to freshness }' },
      {
        field: 'breakdowns',
        given: { dateRange: recentDays, first: mostBreakdowns },
        variables: { dateRange: 'recentDays' },
        selection: 'nodes { value }',
      },
    ]);
    const { data } = await ask(query);
    const { metricCatalog, metrics, breakdowns } = dataShape.parse(data);
    return {
      workspace: caller.workspace,
      role: caller.role,
      isRestricted: caller.policy !== undefined,
      today: metrics.meta.to,
      freshness: metrics.meta.freshness,
      ...metricCatalog,
      breakdowns: breakdowns.nodes.flatMap(({ value }) => value ?? []),
      note: textsAreData,
      query,
    };
  },
};

const recentDays = { last: { count: breakdownDays, unit: 'DAY', includeToday: true } };
