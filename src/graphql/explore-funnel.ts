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
import { DimensionEnum, nullMoney } from './catalogue.ts';
import { crmDateArgument } from './crm-date.ts';
import { currencyArgument } from './currency.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readMoneyScope } from './explore-scope.ts';
import { type CountedList, countAlways } from './list-rows.ts';
import { maxFirst, readFirst } from './pages.ts';
import { readSelection } from './selection.ts';
import { MetricsWhere } from './where.ts';

const stepMeanings: Readonly<Record<FunnelStepName, string>> = {
  impression: 'An ad was shown (measure `impressions`).',
  click: 'An ad was clicked (measure `clicks`).',
  lead: 'A CRM record was created (measure `leads`).',
  opportunity: 'The CRM record reached the stage `opportunity` or a later one (measure `opportunities`).',
  won: 'The CRM record was won (measure `closedWon`).',
};

const StepEnum = builder.enumType('FunnelStepName', {
  description: 'The steps from an impression to a won deal, in order.',
  values: enumValues(funnelStepNames, (name) => stepMeanings[name]),
});

const Step = builder.objectRef<FunnelStep>('FunnelStep').implement({
  description: 'One step of a funnel.',
  fields: (t) => ({
    step: t.field({ type: StepEnum, description: 'The step.', resolve: ({ step }) => step }),
    count: t.field({
      type: 'SafeInt',
      description: 'Number that reached this step. Unit: count.',
      resolve: ({ count }) => count,
    }),
    stepConversion: t.exposeFloat('stepConversion', {
      nullable: true,
      description:
        'count / count of the previous step. Unit: ratio. Null for the first step, and if the previous step has a count of 0.',
    }),
    overallConversion: t.exposeFloat('overallConversion', {
      nullable: true,
      description: 'count / count of the first step. Unit: ratio. Null if the first step has a count of 0.',
    }),
    costPer: t.exposeFloat('costPer', {
      nullable: true,
      description: `cost / count: what one of this step costs. Unit: money. Null if the count is 0. ${nullMoney}`,
    }),
  }),
});

const FunnelType = builder.objectRef<Funnel>('Funnel').implement({
  description: 'A funnel from impressions to won deals.',
  fields: (t) => ({
    value: t.exposeString('value', {
      nullable: true,
      description:
        'Value of the dimension in `by`. Null for records without a value, and if `by` is not given.',
    }),
    steps: t.field({
      type: [Step],
      description: 'Always five steps, in this order: IMPRESSION, CLICK, LEAD, OPPORTUNITY, WON.',
      extensions: { countRows: countAlways(funnelStepNames.length) } satisfies CountedList,
      resolve: ({ steps }) => steps,
    }),
  }),
});

builder.queryField('funnel', (t) =>
  t.field({
    type: [FunnelType],
    description:
      'The funnel impressions → clicks → leads → opportunities → won. With `by`, one funnel for each value, ordered by impressions (highest first), then clicks, then leads. A CRM record counts on the day it was created; with `crmDate: CLOSED`, WON counts on the day it was closed.',
    extensions: { access: 'read', keepsPolicy: true, isShareable: true } satisfies RootField,
    args: {
      dateRange: t.arg({ type: DateRangeInput, required: true, description: daysDescription('Which days') }),
      where: t.arg({ type: MetricsWhere, description: 'Filter on records.' }),
      by: t.arg({
        type: DimensionEnum,
        description: 'Dimension to split by: one funnel for each of its values. DATE splits by day.',
      }),
      ...crmDateArgument,
      ...currencyArgument,
      first: t.arg.int({
        defaultValue: 50,
        description: `Maximum number of funnels, 1 to ${maxFirst}.`,
      }),
    },
    resolve: async (_root, args, context, info) => {
      const by = args.by ?? undefined;
      const scope = await readMoneyScope(args, context);
      const wantsCost = readSelection(info).has('steps', 'costPer');
      const funnel = funnelQuery(scope, by, readFirst(args.first), wantsCost);
      const query = { ...funnel, crmDate: args.crmDate ?? 'created' };
      const { rows } = await context.metrics.load(query);
      return rows.map((row) => readFunnel(row, by));
    },
  }),
);
