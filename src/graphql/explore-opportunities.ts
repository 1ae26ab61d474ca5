import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type OpportunityRecord, opportunityList, opportunityOrders } from '../explore/record-lists.ts';
import { type Stage, stages } from '../records/stage.ts';
import { builder, enumValues } from './builder.ts';
import { currencyArgument } from './currency.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readMoneyScope } from './explore-scope.ts';
import { utmFields } from './explore-utm-fields.ts';
import { DirectionEnum } from './metrics-inputs.ts';
import { loadListPage, pageArguments, pageType } from './pages.ts';
import { MetricsWhere } from './where.ts';

const stageMeanings: Readonly<Record<Stage, string>> = {
  lead: 'Not qualified yet, or at a stage that STAGE_MAP and the built-in stages do not know.',
  opportunity: 'Qualified and open.',
  closed_won: 'Won.',
  closed_lost: 'Lost.',
};

const StageEnum = builder.enumType('OpportunityStage', {
  description: 'The stage of a CRM record.',
  values: enumValues(stages, (name) => stageMeanings[name]),
});

const matchMeanings = {
  EXACT: { description: 'An ads row of the same day has the same utm_campaign, utm_source and utm_medium.' },
  WINDOW: {
    description:
      'An ads row of an earlier day within the attribution window has the same UTMs. The latest such day counts.',
  },
  CAMPAIGN: {
    description:
      'Only utm_campaign matches, because the utm_source or utm_medium of the CRM record is unknown.',
  },
  UNATTRIBUTED: { description: 'No ads row matches. Channel and campaign are null.' },
} as const satisfies Record<OpportunityRecord['match'], { description: string }>;

export const MatchEnum = builder.enumType('AttributionMatch', {
  description: 'How a CRM record was attributed to a channel and campaign.',
  values: matchMeanings,
});

const Opportunity = builder.objectRef<OpportunityRecord>('Opportunity').implement({
  description: 'A stored CRM record in its current state, with the campaign it is attributed to.',
  fields: (t) => ({
    id: t.exposeID('opportunity_id', { description: 'The CRM’s id.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: (row) => row.created_at,
    }),
    closedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When it was won or lost, or, while it is open, when the CRM expects that. Null if the CRM does not say.',
      resolve: (row) => row.closed_at,
    }),
    day: t.field({
      type: 'LocalDate',
      description: 'The day that it counts on: the day of `createdAt` in REPORTING_TIMEZONE.',
      resolve: (row) => row.date,
    }),
    stage: t.field({ type: StageEnum, description: 'Its stage.', resolve: (row) => row.stage }),
    stageName: t.exposeString('stage_name', { description: 'The stage as the CRM names it.' }),
    amount: t.exposeFloat('shown_money', {
      nullable: true,
      description:
        'The amount of the deal. Unit: money, in `currency`. Null if there is no exchange rate for it.',
    }),
    currency: t.exposeString('shown_currency', {
      description: 'ISO 4217 code of `amount`: the asked currency, or that of the record.',
    }),
    storedAmount: t.exposeFloat('amount', {
      description: 'The amount as the CRM gave it. Unit: money, in `storedCurrency`.',
    }),
    storedCurrency: t.exposeString('currency', { description: 'ISO 4217 code of `storedAmount`.' }),
    ...utmFields(t),
    channel: t.exposeString('channel', {
      nullable: true,
      description: 'The channel that it is attributed to. Null if unattributed.',
    }),
    campaignId: t.exposeString('campaign_id', {
      nullable: true,
      description: 'The campaign that it is attributed to. Null if unattributed.',
    }),
    match: t.field({
      type: MatchEnum,
      description: 'How it was attributed.',
      resolve: (row) => row.match,
    }),
    namespace: t.string({
      description:
        'The namespace of `id`. Records with the same id in different namespaces are different records. Default: the name of the source, or `push`.',
      // Empty: written by a process of an earlier version, and not given one yet.
      resolve: ({ namespace, source }) => namespace || source,
    }),
    source: t.exposeString('source', {
      description: 'Where it came from: the name of a configured source, or `push`.',
    }),
  }),
});

const Opportunities = pageType('Opportunities', 'Stored CRM records.', Opportunity);

const OrderEnum = builder.enumType('OpportunityOrderField', {
  description: 'A field to order CRM records by.',
  values: enumValues(opportunityOrders, (name) =>
    name === 'amount'
      ? 'The amount: in the asked currency, or, where there are no exchange rates, regardless of currency.'
      : 'When it was created.',
  ),
});

const OrderInput = builder.inputType('OpportunityOrderInput', {
  description: 'Order of CRM records. Ties are ordered by id.',
  fields: (t) => ({
    by: t.field({ type: OrderEnum, required: true, description: 'The field to order by.' }),
    direction: t.field({
      type: DirectionEnum,
      defaultValue: 'desc',
      description: 'Smallest or largest first.',
    }),
  }),
});

builder.queryField('opportunities', (t) =>
  t.field({
    type: Opportunities,
    description:
      'The stored CRM records behind a `metrics` figure. With the same range and filter, `leads` counts all of them, `opportunities` those beyond LEAD, and `closedWon` and `revenue` those at CLOSED_WON.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Only records created on these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Filter on records, as in `metrics`.' }),
      stage: t.arg({
        type: [StageEnum],
        description: 'Only records that are currently at one of these stages.',
      }),
      orderBy: t.arg({
        type: OrderInput,
        defaultValue: { by: 'createdAt', direction: 'desc' },
        description: 'Order of the records. Default: newest first.',
      }),
      ...currencyArgument,
      ...pageArguments,
    },
    resolve: async (_root, args, context) => {
      const { reader } = context.explore;
      const query = {
        ...(await readMoneyScope(args, context)),
        stages: readStages(args.stage),
        order: { by: args.orderBy?.by ?? 'createdAt', direction: args.orderBy?.direction ?? 'desc' },
      } as const;
      return loadListPage(['opportunities', query], args, reader, opportunityList(query));
    },
  }),
);

function readStages(given: readonly Stage[] | null | undefined): readonly Stage[] | undefined {
  if (given?.length === 0) throw badInput('stage is an empty list; name a stage or leave it out.');
  return given ?? undefined;
}
