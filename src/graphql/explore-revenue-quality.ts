import type { MoneyScope } from '../explore/money.ts';
import {
  loadUnattributedRevenue,
  type MatchShare,
  type UnattributedRevenue,
  type UnfundedRevenue,
  unfundedRevenueList,
} from '../explore/revenue-quality.ts';
import { builder } from './builder.ts';
import { nullMoney } from './catalogue.ts';
import type { Context } from './context.ts';
import { MatchEnum } from './explore-opportunities.ts';
import { loadListPage, type PageArguments, pageArguments, pageType } from './pages.ts';

export const MatchShareType = builder.objectRef<MatchShare>('MatchShare').implement({
  description: 'CRM records with the same kind of attribution.',
  fields: (t) => ({
    match: t.field({
      type: MatchEnum,
      description: 'The kind of attribution.',
      resolve: ({ match }) => match,
    }),
    records: t.field({
      type: 'SafeInt',
      description: 'Number of records. Unit: count.',
      resolve: ({ records }) => records,
    }),
    recordShare: t.exposeFloat('recordShare', {
      nullable: true,
      description: 'records / all CRM records. Unit: ratio. Null if there are no CRM records.',
    }),
    revenue: t.exposeFloat('revenue', {
      nullable: true,
      description: `Amount of those that were won. Unit: money. ${nullMoney}`,
    }),
    revenueShare: t.exposeFloat('revenueShare', {
      nullable: true,
      description: 'revenue / all revenue. Unit: ratio. Null if there is no revenue.',
    }),
  }),
});

const UnfundedRevenueType = builder.objectRef<UnfundedRevenue>('UnfundedRevenue').implement({
  description: 'Revenue attributed to a campaign or channel that has no cost in the range.',
  fields: (t) => ({
    value: t.exposeString('value', { description: 'The campaign’s id or the channel’s name.' }),
    revenue: t.exposeFloat('revenue', {
      nullable: true,
      description: `Amount of its won records. Unit: money. ${nullMoney}`,
    }),
    closedWon: t.field({
      type: 'SafeInt',
      description: 'Number of its won records. Unit: count.',
      resolve: (row) => row.closed_won,
    }),
  }),
});

const UnfundedRevenues = pageType(
  'UnfundedRevenues',
  'Campaigns or channels with revenue but no cost, highest revenue first.',
  UnfundedRevenueType,
);

const Unattributed = builder.objectRef<UnattributedRevenue>('UnattributedRevenue').implement({
  description: 'Revenue of won records that match no ads row.',
  fields: (t) => ({
    revenue: t.exposeFloat('revenue', {
      nullable: true,
      description: `Amount of these records. Unit: money. ${nullMoney}`,
    }),
    share: t.exposeFloat('share', {
      nullable: true,
      description: 'revenue / all revenue. Unit: ratio. Null if there is no revenue.',
    }),
    closedWon: t.field({
      type: 'SafeInt',
      description: 'Number of records. Unit: count.',
      resolve: ({ closedWon }) => closedWon,
    }),
  }),
});

function loadUnfunded(
  scope: MoneyScope,
  dimension: 'campaignId' | 'channel',
  args: PageArguments,
  { explore: { reader } }: Context,
) {
  return loadListPage(
    ['unfundedRevenue', dimension, scope],
    args,
    reader,
    unfundedRevenueList(scope, dimension),
  );
}

export const RevenueWithoutSpend = builder.objectRef<MoneyScope>('RevenueWithoutSpend').implement({
  description: 'Revenue without cost: it has no ROAS.',
  fields: (t) => ({
    unattributed: t.field({
      type: Unattributed,
      description: 'Revenue that is not attributed to any campaign.',
      resolve: (scope, _args, { explore }) => loadUnattributedRevenue(explore.reader, scope),
    }),
    campaigns: t.field({
      type: UnfundedRevenues,
      description: 'Revenue of campaigns without cost in the range.',
      args: {
        ...pageArguments,
      },
      resolve: (scope, args, context) => loadUnfunded(scope, 'campaignId', args, context),
    }),
    channels: t.field({
      type: UnfundedRevenues,
      description: 'Revenue of channels without cost in the range.',
      args: {
        ...pageArguments,
      },
      resolve: (scope, args, context) => loadUnfunded(scope, 'channel', args, context),
    }),
  }),
});
