import { type CrmDate, crmDates } from '../metrics/registry.ts';
import { builder, enumValues } from './builder.ts';

const meanings: Readonly<Record<CrmDate, string>> = {
  created: 'The day that the record was created: what came of the leads of these days.',
  closed:
    'The day that the record was won, or created where the CRM does not say: what was won on these days.',
};

const CrmDateEnum = builder.enumType('CrmDate', {
  description: 'The day that won CRM records and their revenue count on.',
  values: enumValues(crmDates, (name) => meanings[name]),
});

/** The argument of whatever counts won CRM records by day. */
export const crmDateArgument = builder.args((t) => ({
  crmDate: t.field({
    type: CrmDateEnum,
    defaultValue: 'created',
    description:
      'Which day `closedWon` and `revenue` count on. Other measures of CRM records always count on the day of creation. Over all days, both give the same totals. Money is converted at the rate of the day of creation, either way.',
  }),
}));
