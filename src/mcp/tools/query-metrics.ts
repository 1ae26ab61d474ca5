import { z } from 'zod';
import { type AskedDimension, fieldOf } from '../../metrics/registry.ts';
import { breakdownLimits } from '../../records/breakdowns.ts';
import { fieldArguments, ownQuery, pageArguments, structured, usualRows } from '../arguments.ts';
import { enumSchema } from '../json-schema.ts';
import { connection, connectionOf, pageOf, pageShape } from '../pages.ts';
import { type Arguments, errorsShape, queryShape, type Tool, type ToolCall, textsAreData } from '../tool.ts';
import { describeMeasure, measureShape, metaFields, metaShape, readMeasures } from './figures.ts';

const comparisons = ['previous', 'change', 'relativeChange'] as const;

const figuresShape = z.record(z.string(), z.unknown());
const comparedMeta = { comparedFrom: z.string().nullable(), comparedTo: z.string().nullable() };
const dataShape = z.object({
  metrics: z.object({
    ...connection(figuresShape).shape,
    totals: figuresShape,
    meta: metaShape.extend(comparedMeta),
  }),
});

/** The arguments of `metrics` that are passed on as they are. */
const passedOn = [
  'dateRange',
  'groupBy',
  'breakdowns',
  'granularity',
  'weekStart',
  'timezone',
  'where',
  'having',
  'orderBy',
  'compareTo',
  'fill',
  'limitBy',
  'crmDate',
  'currency',
] as const;

export const queryMetrics: Tool = {
  name: 'query_metrics',
  title: 'Query metrics',
  description:
    'Returns ad spend and its outcomes: any measures over a range of days, grouped by any dimensions, filtered, ordered and compared with an earlier range. `totals` are over all rows of all pages; do not add up ratios, nor the rows of one page. Money is in `meta.currency`. Null is no zero: it means that there is no such figure. Repeat `meta.warnings` to whoever reads the figures.',
  input: (schema, definitions) =>
    z.strictObject({
      measures: z
        .preprocess(
          structured,
          z
            .array(z.unknown(), 'is no list')
            .min(1, 'name at least one measure')
            .max(100, 'has more than 100 names; name each measure once'),
        )
        .meta({
          type: 'array',
          items: enumSchema(schema, 'Measure', definitions),
          description: 'The measures to show. `list_metrics` explains them.',
        }),
      ...fieldArguments(schema, 'metrics', passedOn, definitions),
      ...pageArguments,
    }),
  output: z.object({
    workspace: z.string(),
    measures: z.array(measureShape).describe('What the figures mean.'),
    rows: z.array(figuresShape),
    totals: figuresShape.describe('Over the rows of all pages.'),
    page: pageShape,
    meta: metaShape.extend(comparedMeta),
    errors: errorsShape.describe('Why figures of this answer are missing; empty: none is.'),
    note: z.string(),
    query: queryShape,
  }),
  async run(args, call) {
    const { model, caller, schema } = call;
    const measures = await readMeasures('measures', '[Measure!]!', args.measures, call);
    const figures = measures.map(fieldOf).join(' ');
    const compared = isGiven(args.compareTo)
      ? comparisons.map((name) => `${name} { ${figures} }`).join(' ')
      : '';
    const { measures: _measures, first, after, ...passed } = args;
    const given = { ...passed, first: first ?? usualRows, after };
    const { dimensions, breakdowns } = await readKeys(args, call);
    const shown = [
      ...dimensions,
      ...breakdowns.map((_name, index) => `b${index}: breakdown(name: $b${index})`),
    ];
    const others = isGiven(args.limitBy) ? 'isOther' : '';
    const query = ownQuery(
      schema,
      'McpQueryMetrics',
      [
        {
          field: 'metrics',
          given,
          selection: `${connectionOf([...shown, others, figures, compared].join(' '))} totals { ${figures} ${compared} } meta { ${metaFields} comparedFrom comparedTo }`,
        },
      ],
      Object.fromEntries(breakdowns.map((value, index) => [`b${index}`, { type: 'String!', value }])),
    );
    const { data, errors } = await call.ask(query);
    const { metrics } = dataShape.parse(data);
    const { rows, page } = pageOf({
      ...metrics,
      edges: metrics.edges.map(({ cursor, node }) => ({ cursor, node: named(node, breakdowns) })),
    });
    return {
      workspace: caller.workspace,
      measures: measures.map((name) => describeMeasure(name, model)),
      rows,
      totals: metrics.totals,
      page,
      meta: metrics.meta,
      errors,
      note: textsAreData,
      query,
    };
  },
};

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** What rows are grouped by: fields of dimensions, and names of breakdowns. */
async function readKeys(
  { groupBy, breakdowns }: Arguments,
  { coerce }: ToolCall,
): Promise<{ readonly dimensions: readonly string[]; readonly breakdowns: readonly string[] }> {
  const names = z.custom<AskedDimension | readonly AskedDimension[]>();
  const texts = z.union([z.string(), z.array(z.string())]);
  return {
    dimensions: isGiven(groupBy)
      ? [...new Set([await coerce('groupBy', '[Dimension!]', groupBy, names)].flat().map(fieldOf))]
      : [],
    // More are refused when they are asked for.
    breakdowns: isGiven(breakdowns)
      ? [await coerce('breakdowns', '[String!]', breakdowns, texts)].flat().slice(0, breakdownLimits.names)
      : [],
  };
}

/** Rows have their breakdowns by name. */
function named(
  node: Readonly<Record<string, unknown>>,
  breakdowns: readonly string[],
): Record<string, unknown> {
  if (breakdowns.length === 0) return node;
  const places = breakdowns.map((_name, index) => `b${index}`);
  const rest = Object.fromEntries(Object.entries(node).filter(([name]) => !places.includes(name)));
  return {
    breakdowns: Object.fromEntries(breakdowns.map((name, index) => [name, node[`b${index}`]])),
    ...rest,
  };
}
