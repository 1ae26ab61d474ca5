import type { Scope } from '../explore/records.ts';
import {
  loadUnattributedRevenue,
  type MatchShare,
  type UnattributedRevenue,
  type UnfundedRevenue,
  unfundedRevenueList,
} from '../explore/revenue-quality.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { MatchEnum } from './explore-opportunities.ts';
import { loadListPage, type PageArguments, pageArguments, pageType } from './pages.ts';

export const MatchShareType = builder.objectRef<MatchShare>('MatchShare').implement({
  description: 'CRM records that were attributed in one way.',
  fields: (t) => ({
    match: t.field({ type: MatchEnum, description: 'In which way.', resolve: ({ match }) => match }),
    records: t.field({
      type: 'SafeInt',
      description: 'How many. Unit: count.',
      resolve: ({ records }) => records,
    }),
    recordShare: t.exposeFloat('recordShare', {
      nullable: true,
      description: 'records / all CRM records. Unit: ratio. Null without any.',
    }),
    revenue: t.exposeFloat('revenue', {
      description: 'Amounts of the won ones. Unit: money, in the currency of the records.',
    }),
    revenueShare: t.exposeFloat('revenueShare', {
      nullable: true,
      description: 'revenue / all revenue. Unit: ratio. Null without any revenue.',
    }),
  }),
});

const UnfundedRevenueType = builder.objectRef<UnfundedRevenue>('UnfundedRevenue').implement({
  description: 'Revenue attributed to a campaign or channel that has no cost in the range.',
  fields: (t) => ({
    value: t.exposeString('value', { description: 'The campaign’s id or the channel’s name.' }),
    revenue: t.exposeFloat('revenue', {
      description: 'Amounts of its won records. Unit: money, in the currency of the records.',
    }),
    closedWon: t.field({
      type: 'SafeInt',
      description: 'Its won records. Unit: count.',
      resolve: (row) => row.closed_won,
    }),
  }),
});

const UnfundedRevenues = pageType(
  'UnfundedRevenues',
  'Campaigns or channels with revenue and no cost, those with most revenue first.',
  UnfundedRevenueType,
);

const Unattributed = builder.objectRef<UnattributedRevenue>('UnattributedRevenue').implement({
  description: 'Revenue of won records that no ads rows fit.',
  fields: (t) => ({
    revenue: t.exposeFloat('revenue', {
      description: 'Their amounts. Unit: money, in the currency of the records.',
    }),
    share: t.exposeFloat('share', {
      nullable: true,
      description: 'revenue / all revenue. Unit: ratio. Null without any revenue.',
    }),
    closedWon: t.field({
      type: 'SafeInt',
      description: 'How many. Unit: count.',
      resolve: ({ closedWon }) => closedWon,
    }),
  }),
});

function loadUnfunded(
  scope: Scope,
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

export const RevenueWithoutSpend = builder.objectRef<Scope>('RevenueWithoutSpend').implement({
  description: 'Revenue that stands beside no cost, so that no ROAS can be told for it.',
  fields: (t) => ({
    unattributed: t.field({
      type: Unattributed,
      description: 'Of no campaign at all.',
      resolve: (scope, _args, { explore }) => loadUnattributedRevenue(explore.reader, scope),
    }),
    campaigns: t.field({
      type: UnfundedRevenues,
      description: 'Of campaigns without cost in the range.',
      args: {
        ...pageArguments,
      },
      resolve: (scope, args, context) => loadUnfunded(scope, 'campaignId', args, context),
    }),
    channels: t.field({
      type: UnfundedRevenues,
      description: 'Of channels without cost in the range.',
      args: {
        ...pageArguments,
      },
      resolve: (scope, args, context) => loadUnfunded(scope, 'channel', args, context),
    }),
  }),
});
