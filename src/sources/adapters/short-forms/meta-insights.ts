import { digits, type ShortForm } from './short-form.ts';

const usualFields = [
  'campaign_id',
  'campaign_name',
  'adset_id',
  'ad_id',
  'impressions',
  'clicks',
  'inline_link_clicks',
  'spend',
  'actions',
  'action_values',
  'account_currency',
];

const firstOf = ([field = '']: readonly string[]): string[] => (field === '' ? [] : [field]);

export const metaInsightsShortForm: ShortForm = {
  account: { key: 'account', read: digits(/^act_/), expected: 'the ad account’s id, such as act_1234567890' },
  credentials: [['access_token']],
  apiVersion: 'v26.0',
  baseUrl: () => 'https://graph.facebook.com',
  expand: ({ account, credentials, apiVersion, baseUrl, reads, breakdowns }) => {
    const fields = new Set([...usualFields, ...reads.flatMap(firstOf)]);
    const asked = new Set(breakdowns.flatMap(firstOf).filter((field) => !fields.has(field)));
    return {
      url: `${baseUrl}/${apiVersion}/act_${account}/insights`,
      auth: { query: { access_token: credentials.access_token ?? '' } },
      parameters: {
        level: 'ad',
        time_increment: '1',
        limit: '500',
        fields: [...fields].join(','),
        ...(asked.size > 0 && { breakdowns: [...asked].join(',') }),
        time_range: '{"since":"{since}","until":"{until}"}',
      },
      // Insights have no landing page URLs: these are the usual URL parameters of ads.
      fields: { utm_campaign: ['campaign_name'] },
      defaults: { utm_source: 'facebook', utm_medium: 'paid_social' },
      rate_limit: { per_second: 2, burst: 1 },
      // Meta refuses longer ranges as too much data.
      days_per_request: 7,
    };
  },
};
