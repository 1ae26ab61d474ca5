import { digits, type ShortForm } from './short-form.ts';

export const tiktokShortForm: ShortForm = {
  account: {
    key: 'advertiser',
    read: digits(),
    expected: 'the advertiser’s id, such as 7012345678901234567',
  },
  credentials: [['access_token']],
  apiVersion: 'v1.3',
  baseUrl: () => 'https://business-api.tiktok.com',
  // Reports by country, age or device are another report type with other limits.
  breakdownColumns: ['metrics.campaign_name'],
  expand: ({ account, credentials, apiVersion, baseUrl }) => ({
    url: `${baseUrl}/open_api/${apiVersion}/report/integrated/get/`,
    auth: { header: { name: 'Access-Token', value: credentials.access_token ?? '' } },
    parameters: {
      advertiser_id: account,
      report_type: 'BASIC',
      data_level: 'AUCTION_AD',
      dimensions: '["ad_id","stat_time_day"]',
      metrics:
        '["campaign_id","adgroup_id","campaign_name","spend","impressions","clicks","conversion","total_purchase_value","currency"]',
      start_date: '{since}',
      end_date: '{until}',
      page_size: '1000',
    },
    // Reports have no landing page URLs: these are the usual URL parameters of ads.
    fields: { utm_campaign: ['metrics', 'campaign_name'] },
    defaults: { utm_source: 'tiktok', utm_medium: 'paid_social' },
    rate_limit: { per_second: 10, burst: 5 },
  }),
};
