import type { RootField } from '../access/grants.ts';
import {
  type Campaign,
  type Channel,
  campaignList,
  channelRow,
  channelsStatement,
} from '../explore/campaigns.ts';
import type { Subject } from '../explore/performance.ts';
import { normaliseIdentifier } from '../records/text.ts';
import { builder } from './builder.ts';
import { currencyArgument } from './currency.ts';
import { DateRangeInput } from './dates.ts';
import { performanceFields } from './explore-performance.ts';
import { daysDescription, readMoneyScope } from './explore-scope.ts';
import { loadListPage, pageArguments, pageType } from './pages.ts';
import { MetricsWhere } from './where.ts';

const CampaignType = builder.objectRef<Campaign & Pick<Subject, 'conversion'>>('Campaign').implement({
  description:
    'A campaign of an ad platform. Its name, channels and days come from the records of the query: those of the range and filter in `campaigns`, all stored records in `campaign(id)`.',
  fields: (t) => ({
    id: t.exposeID('value', { description: 'The ad platform’s campaign id (dimension CAMPAIGN_ID).' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'Its latest known utm_campaign. Null if no record has one.',
    }),
    channels: t.exposeStringList('channels', { description: 'The channels it ran on, ordered by name.' }),
    firstDay: t.field({
      type: 'LocalDate',
      description: 'First day with an ads row or an attributed CRM record.',
      resolve: (campaign) => campaign.firstDay,
    }),
    lastDay: t.field({
      type: 'LocalDate',
      description: 'Last day with an ads row or an attributed CRM record.',
      resolve: (campaign) => campaign.lastDay,
    }),
    ...performanceFields(t, 'campaign'),
  }),
});

const ChannelType = builder.objectRef<Channel & Pick<Subject, 'conversion'>>('Channel').implement({
  description: 'An ad platform or channel.',
  fields: (t) => ({
    name: t.exposeString('value', { description: 'Its name in lower case (dimension CHANNEL).' }),
    ...performanceFields(t, 'channel'),
  }),
});

const Campaigns = pageType('Campaigns', 'Campaigns, those with most cost first.', CampaignType);

builder.queryField('campaigns', (t) =>
  t.field({
    type: Campaigns,
    description:
      'Campaigns with ads rows or attributed CRM records, highest cost first, then by id. Their `metrics`, plus those of records without a campaign, add up to the totals.',
    extensions: { access: 'read', keepsPolicy: true, isShareable: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Only those with records on these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only those with records that match this filter.' }),
      search: t.arg.string({
        description: 'Only campaigns whose id or utm_campaign contains this text (case-insensitive).',
      }),
      ...currencyArgument,
      ...pageArguments,
    },
    resolve: async (_root, args, context) => {
      const { reader } = context.explore;
      const query = { ...(await readMoneyScope(args, context)), search: args.search ?? '' };
      return loadListPage(['campaigns', query], args, reader, campaignList(query));
    },
  }),
);

builder.queryField('campaign', (t) =>
  t.field({
    type: CampaignType,
    nullable: true,
    description: 'One campaign, by id. Null if no stored record belongs to it.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      id: t.arg.id({ required: true, description: 'The ad platform’s campaign id (case-sensitive).' }),
      ...currencyArgument,
    },
    resolve: async (_root, { id, currency }, { explore, conversions }) => {
      const campaign = await explore.campaigns.load(normaliseIdentifier(String(id)));
      return campaign && { ...campaign, conversion: await conversions.into(currency) };
    },
  }),
);

builder.queryField('channels', (t) =>
  t.field({
    type: [ChannelType],
    description: 'Channels with ads rows or attributed CRM records, highest cost first, then by name.',
    extensions: { access: 'read', keepsPolicy: true, isShareable: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Only those with records on these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only those with records that match this filter.' }),
      ...currencyArgument,
    },
    resolve: async (_root, args, context) => {
      const scope = await readMoneyScope(args, context);
      const channels = await context.explore.reader.rows(channelRow, channelsStatement(scope));
      return channels.map((channel) => ({ ...channel, conversion: scope.conversion }));
    },
  }),
);
