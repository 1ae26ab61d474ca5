import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type OpportunityRecord, opportunityList, opportunityOrders } from '../explore/drill-down.ts';
import { type Stage, stages } from '../records/stage.ts';
import { builder, enumValues } from './builder.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readScope } from './explore-scope.ts';
import { utmFields } from './explore-utm-fields.ts';
import { DirectionEnum } from './metrics-inputs.ts';
import { loadListPage, pageArguments, pageType } from './pages.ts';
import { MetricsWhere } from './where.ts';

const stageMeanings: Readonly<Record<Stage, string>> = {
  lead: 'Not yet qualified, or at a stage that the stage table does not hold.',
  opportunity: 'Qualified and open.',
  closed_won: 'Won.',
  closed_lost: 'Lost.',
};

const StageEnum = builder.enumType('OpportunityStage', {
  description: 'How far a CRM record is.',
  values: enumValues(stages, (name) => stageMeanings[name]),
});

const matchMeanings = {
  EXACT: { description: 'Ads rows of the same day with the same utm_campaign, utm_source and utm_medium.' },
  WINDOW: { description: 'The same UTMs on the latest earlier day within the attribution window.' },
  CAMPAIGN: { description: 'By utm_campaign alone, since the record’s source or medium is unknown.' },
  UNATTRIBUTED: { description: 'No ads rows fit: channel and campaign are null.' },
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
    day: t.field({
      type: 'LocalDate',
      description: 'The day it counts on: that of `createdAt` in REPORTING_TIMEZONE.',
      resolve: (row) => row.date,
    }),
    stage: t.field({ type: StageEnum, description: 'How far it is.', resolve: (row) => row.stage }),
    stageName: t.exposeString('stage_name', { description: 'The stage in the CRM’s own words.' }),
    amount: t.exposeFloat('amount', { description: 'What it is worth. Unit: money, in `currency`.' }),
    currency: t.exposeString('currency', { description: 'ISO 4217 code of `amount`.' }),
    ...utmFields(t),
    channel: t.exposeString('channel', {
      nullable: true,
      description: 'Channel it is attributed to. Null when unattributed.',
    }),
    campaignId: t.exposeString('campaign_id', {
      nullable: true,
      description: 'Campaign it is attributed to. Null when unattributed.',
    }),
    match: t.field({
      type: MatchEnum,
      description: 'How it was attributed.',
      resolve: (row) => row.match,
    }),
    namespace: t.string({
      description:
        'Whose id it is: two records with one id are two in different namespaces. By default the name of the source, or push.',
      // Empty: written by a process of an earlier version, and not given one yet.
      resolve: ({ namespace, source }) => namespace || source,
    }),
    source: t.exposeString('source', { description: 'Who reported it: a configured source, or push.' }),
  }),
});

const Opportunities = pageType('Opportunities', 'Stored CRM records.', Opportunity);

const OrderEnum = builder.enumType('OpportunityOrderField', {
  description: 'What CRM records can be ordered by.',
  values: enumValues(opportunityOrders, (name) =>
    name === 'amount' ? 'What it is worth, whatever the currency.' : 'When it was created.',
  ),
});

const OrderInput = builder.inputType('OpportunityOrderInput', {
  description: 'Order of CRM records; then by id.',
  fields: (t) => ({
    by: t.field({ type: OrderEnum, required: true, description: 'What to order by.' }),
    direction: t.field({ type: DirectionEnum, defaultValue: 'desc', description: 'Which end comes first.' }),
  }),
});

builder.queryField('opportunities', (t) =>
  t.field({
    type: Opportunities,
    description:
      'The stored CRM records behind a figure of `metrics` with the same range and filter: `leads` counts them all, ' +
      '`opportunities` those beyond LEAD, `closedWon` and `revenue` those at CLOSED_WON.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Created on these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Which records; the same as in `metrics`.' }),
      stage: t.arg({ type: [StageEnum], description: 'Only records at one of these stages now.' }),
      orderBy: t.arg({
        type: OrderInput,
        defaultValue: { by: 'createdAt', direction: 'desc' },
        description: 'Order of the records; newest first by default.',
      }),
      ...pageArguments,
    },
    resolve: (_root, args, context) => {
      const { reader } = context.explore;
      const query = {
        ...readScope(args, context),
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
