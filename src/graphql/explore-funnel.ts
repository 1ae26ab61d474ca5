import type { RootField } from '../access/grants.ts';
import {
  type Funnel,
  type FunnelStep,
  type FunnelStepName,
  funnelQuery,
  funnelStepNames,
  readFunnel,
} from '../explore/funnel.ts';
import { builder, enumValues } from './builder.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readScope } from './explore-scope.ts';
import { type CountedList, countAlways } from './list-rows.ts';
import { DimensionEnum } from './measures.ts';
import { maxFirst, readFirst } from './pages.ts';
import { MetricsWhere } from './where.ts';

const stepMeanings: Readonly<Record<FunnelStepName, string>> = {
  impression: 'An ad was shown: `impressions`.',
  click: 'An ad was clicked: `clicks`.',
  lead: 'A CRM record was made: `leads`.',
  opportunity: 'It reached the stage `opportunity` or went beyond it: `opportunities`.',
  won: 'It was won: `closedWon`.',
};

const StepEnum = builder.enumType('FunnelStepName', {
  description: 'The steps from an impression to a won deal, in order.',
  values: enumValues(funnelStepNames, (name) => stepMeanings[name]),
});

const Step = builder.objectRef<FunnelStep>('FunnelStep').implement({
  description: 'One step of a funnel.',
  fields: (t) => ({
    step: t.field({ type: StepEnum, description: 'Which step.', resolve: ({ step }) => step }),
    count: t.field({
      type: 'SafeInt',
      description: 'How many came this far. Unit: count.',
      resolve: ({ count }) => count,
    }),
    stepConversion: t.exposeFloat('stepConversion', {
      nullable: true,
      description:
        'count / count of the step before. Unit: ratio. Null for the first step, and where the one before is 0.',
    }),
    overallConversion: t.exposeFloat('overallConversion', {
      nullable: true,
      description: 'count / count of the first step. Unit: ratio. Null where the first is 0.',
    }),
  }),
});

const FunnelType = builder.objectRef<Funnel>('Funnel').implement({
  description: 'From impressions to won deals.',
  fields: (t) => ({
    value: t.exposeString('value', {
      nullable: true,
      description: 'Value of the dimension `by`; null for the records that have none, and without `by`.',
    }),
    steps: t.field({
      type: [Step],
      description: 'IMPRESSION, CLICK, LEAD, OPPORTUNITY, WON: always all five, in this order.',
      extensions: { countRows: countAlways(funnelStepNames.length) } satisfies CountedList,
      resolve: ({ steps }) => steps,
    }),
  }),
});

builder.queryField('funnel', (t) =>
  t.field({
    type: [FunnelType],
    description:
      'Impressions → clicks → leads → opportunities → won: one funnel, or with `by` one for each value, those with most ' +
      'impressions first (then clicks, then leads). CRM records count on the day they were created.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({ type: DateRangeInput, required: true, description: daysDescription('Which days') }),
      where: t.arg({ type: MetricsWhere, description: 'Which records count.' }),
      by: t.arg({ type: DimensionEnum, description: 'One funnel for each value of it; DATE is by day.' }),
      first: t.arg.int({
        defaultValue: 50,
        description: `How many funnels at most, 1 to ${maxFirst}.`,
      }),
    },
    resolve: async (_root, args, context) => {
      const by = args.by ?? undefined;
      const query = funnelQuery(readScope(args, context), by, readFirst(args.first));
      const { rows } = await context.metrics.load(query);
      return rows.map((row) => readFunnel(row, by));
    },
  }),
);
