import { z } from 'zod';
import type { ScanSide } from '../../metrics/catalogue.ts';
import { catalogueOf } from '../../metrics/model.ts';
import { fieldOf, isOwnMeasure, type MeasureName } from '../../metrics/registry.ts';
import { fieldArguments, ownQuery } from '../arguments.ts';
import { enumSchema } from '../json-schema.ts';
import { type Arguments, errorsShape, queryShape, type Tool, type ToolCall, textsAreData } from '../tool.ts';
import { describeMeasure, measureShape, metaFields, metaShape, readMeasures } from './figures.ts';

/** Records of an answer that show what a figure is made of. */
const sampleSize = 5;

/** What a part of a figure is counted from. */
const recordNames: Readonly<Record<ScanSide, string>> = {
  ads: 'ads rows',
  crm: 'CRM records',
  events: 'events',
};

const adsFields =
  'date channel campaignId utmCampaign utmSource utmMedium impressions clicks cost conversions currency source';
const crmFields =
  'id day stage amount currency channel campaignId match utmCampaign utmSource utmMedium source closedAt';

const recordsShape = z.object({
  totalCount: z.number(),
  nodes: z.array(z.record(z.string(), z.unknown())),
});
const dataShape = z.object({
  metrics: z.object({
    totals: z.record(z.string(), z.unknown()),
    unattributed: z.record(z.string(), z.unknown()).optional(),
    unconverted: z.array(z.record(z.string(), z.unknown())),
    meta: metaShape.extend({ rowsRead: z.number(), source: z.string() }),
  }),
  adPerformance: recordsShape.optional(),
  opportunities: recordsShape.optional(),
  dataQuality: z.object({ sources: z.array(z.record(z.string(), z.unknown())) }).optional(),
});

const recordsOutput = z.object({
  kind: z.string(),
  count: z.number().describe('Records of the range that the filter selects.'),
  sample: z.array(z.record(z.string(), z.unknown())),
});

export const explainFigure: Tool = {
  name: 'explain_figure',
  title: 'Explain a figure',
  description:
    'Says how one measure came about over a range of days: its formula, the values of its parts, the stored records behind it (how many, and the first of them), how much of it is attributed to no channel or has no exchange rate, the sources with their freshness, and the warnings.',
  input: (schema, definitions) =>
    z.strictObject({
      measure: z
        .unknown()
        .meta({ ...enumSchema(schema, 'Measure', definitions), description: 'The measure to explain.' }),
      ...fieldArguments(schema, 'metrics', ['dateRange', 'where', 'crmDate', 'currency'], definitions),
    }),
  output: z.object({
    workspace: z.string(),
    measure: measureShape,
    value: z.unknown().describe('The figure. Null: there is none, see `whyNull`.'),
    whyNull: z.string().nullable(),
    parts: z
      .array(measureShape.extend({ value: z.unknown(), countedFrom: z.string() }))
      .describe('The sums that the formula takes.'),
    unattributed: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe(
        'How much of the parts is of CRM records without a channel. Null: no part is of CRM records.',
      ),
    unconverted: z.array(z.record(z.string(), z.unknown())).describe('Money without an exchange rate.'),
    records: z.array(recordsOutput),
    recordsNote: z.string(),
    sources: z.array(z.record(z.string(), z.unknown())).describe('Sources and when each last succeeded.'),
    meta: metaShape.extend({ rowsRead: z.number(), source: z.string() }),
    errors: errorsShape,
    note: z.string(),
    query: queryShape,
  }),
  async run(args, call) {
    const { caller, model } = call;
    const catalogue = catalogueOf(model);
    const [measure] = await readMeasures('measure', 'Measure!', args.measure, call);
    if (measure === undefined) throw new Error('GraphQL took a measure that there is not');
    const parts = catalogue.sumsOf(measure);
    const sides = new Set(parts.map((name) => catalogue.sum(name).from));
    const listsRecords = await canListRecords(measure, args, call);
    const query = queryOf({ measure, parts, sides, args, listsRecords }, call);
    const { data, errors } = await call.ask(query);
    const { metrics, adPerformance, opportunities, dataQuality } = dataShape.parse(data);
    const value = metrics.totals[fieldOf(measure)] ?? null;
    return {
      workspace: caller.workspace,
      measure: describeMeasure(measure, model),
      value,
      whyNull:
        value === null
          ? whyNull(
              metrics.meta.warnings.map(({ code }) => code),
              errors.length > 0,
            )
          : null,
      parts: parts.map((name) => ({
        ...describeMeasure(name, model),
        value: metrics.totals[fieldOf(name)] ?? null,
        countedFrom: recordNames[catalogue.sum(name).from],
      })),
      unattributed: metrics.unattributed ?? null,
      unconverted: metrics.unconverted,
      records: [
        ...(adPerformance
          ? [{ kind: recordNames.ads, count: adPerformance.totalCount, sample: adPerformance.nodes }]
          : []),
        ...(opportunities
          ? [{ kind: recordNames.crm, count: opportunities.totalCount, sample: opportunities.nodes }]
          : []),
      ],
      recordsNote: recordsNote(measure, sides, listsRecords),
      sources: dataQuality?.sources.slice(0, 50) ?? [],
      meta: metrics.meta,
      errors,
      note: textsAreData,
      query,
    };
  },
};

/** Lists of CRM records go by the day of creation. */
async function canListRecords(
  measure: MeasureName,
  { crmDate }: Arguments,
  call: ToolCall,
): Promise<boolean> {
  const { sumsOf, sum } = catalogueOf(call.model);
  if (crmDate === undefined || crmDate === null) return true;
  const day = await call.coerce('crmDate', 'CrmDate', crmDate, z.string());
  return day === 'created' || !sumsOf(measure).some((name) => sum(name).isOutcome);
}

function queryOf(
  {
    measure,
    parts,
    sides,
    args: { measure: _measure, ...given },
    listsRecords,
  }: {
    readonly measure: MeasureName;
    readonly parts: readonly MeasureName[];
    readonly sides: ReadonlySet<ScanSide>;
    readonly args: Arguments;
    readonly listsRecords: boolean;
  },
  { schema, caller, model }: ToolCall,
) {
  const { sum, isSum, isAmount, measures } = catalogueOf(model);
  const fields = [...new Set([measure, ...parts])].map(fieldOf).join(' ');
  const ofCrm = parts.filter((name) => isSum(name) && sum(name).from === 'crm').map(fieldOf);
  const amounts = measures.filter(isAmount).map(fieldOf).join(' ');
  const unattributed = ofCrm.length === 0 ? '' : `unattributed { ${ofCrm.join(' ')} }`;
  const { dateRange, where, currency } = given;
  const records = { dateRange, where, currency, first: sampleSize };
  const ofRecords = (side: ScanSide, field: string, selection: string, orderBy: Arguments) =>
    sides.has(side) && listsRecords
      ? [
          {
            field,
            given: { ...records, orderBy },
            variables: { orderBy: `${field}Order`, first: 'sample' },
            selection: `totalCount nodes { ${selection} }`,
          },
        ]
      : [];
  return ownQuery(schema, 'McpExplainFigure', [
    {
      field: 'metrics',
      given,
      selection: `totals { ${fields} } ${unattributed} unconverted { currency ${amounts} } meta { ${metaFields} rowsRead source }`,
    },
    ...ofRecords('ads', 'adPerformance', adsFields, { by: 'COST', direction: 'DESC' }),
    ...ofRecords('crm', 'opportunities', crmFields, { by: 'AMOUNT', direction: 'DESC' }),
    // Sources have no channel.
    ...(caller.policy === undefined
      ? [
          {
            field: 'dataQuality',
            given: { dateRange },
            selection: 'sources { source lastSucceededAt lastStatus }',
          },
        ]
      : []),
  ]);
}

function whyNull(warnings: readonly string[], hasErrors: boolean): string {
  if (hasErrors) return 'A part of it could not be told: see errors.';
  if (warnings.includes('MIXED_CURRENCIES') || warnings.includes('MISSING_RATE'))
    return 'Money of it has no exchange rate: see warnings and unconverted. Or its formula divides by zero.';
  return 'Its formula divides by zero.';
}

function recordsNote(measure: MeasureName, sides: ReadonlySet<ScanSide>, listsRecords: boolean): string {
  const notes = listsRecords
    ? [
        `The records are those of the range that the filter selects, those with the most money first; ${sampleSize} of each kind are shown. adPerformance and opportunities of the GraphQL API list all.`,
      ]
    : ['No records are listed: lists go by the day of creation, and this figure by the day of closing.'];
  if (isOwnMeasure(measure)) notes.push('A condition in the formula may count only some of them.');
  if (sides.has('events')) notes.push('Events are not listed here; events of the GraphQL API lists them.');
  return notes.join(' ');
}
