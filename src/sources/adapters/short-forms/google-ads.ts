import { digits, oauth2, type ShortForm } from './short-form.ts';

const urls = (level: string): readonly string[] => [
  `${level}.tracking_url_template`,
  `${level}.final_url_suffix`,
  `${level}.url_custom_parameters`,
];

const campaignFields = [
  'segments.date',
  'customer.currency_code',
  'customer.tracking_url_template',
  'customer.final_url_suffix',
  'campaign.id',
  ...urls('campaign'),
  'metrics.clicks',
  'metrics.impressions',
  'metrics.cost_micros',
  'metrics.conversions',
  'metrics.conversions_value',
];

const adFields = [
  ...campaignFields,
  'ad_group.id',
  ...urls('ad_group'),
  'ad_group_ad.ad.id',
  'ad_group_ad.ad.final_urls',
  ...urls('ad_group_ad.ad'),
];

const query = (fields: readonly string[], resource: string): string =>
  `SELECT ${[...new Set(fields)].join(', ')} FROM ${resource} WHERE segments.date BETWEEN '{since}' AND '{until}'`;

/**
 * Ads first, then campaigns: Performance Max has no ads, so only campaign rows have its spend. The adapter drops campaign rows
 * that repeat earlier ad rows.
 */
const queries = (segments: readonly string[]): string[] => [
  query([...adFields, ...segments], 'ad_group_ad'),
  query([...campaignFields, ...segments], 'campaign'),
];

/** Returns a field's name in queries, which use snake case; responses use camel case. */
const queryFieldName = (path: readonly string[]): string =>
  path.join('.').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const googleAdsShortForm: ShortForm = {
  account: { key: 'customer', read: digits(), expected: 'the customer’s id, such as 123-456-7890' },
  credentials: [['client_id', 'client_secret', 'refresh_token']],
  // Google decides by the Cloud project of the client, and ignores a developer token since September 2026.
  optionalCredentials: ['developer_token', 'login_customer_id'],
  apiVersion: 'v23',
  baseUrl: () => 'https://googleads.googleapis.com',
  expand: ({ account, credentials, apiVersion, baseUrl, breakdowns }) => ({
    url: `${baseUrl}/${apiVersion}/customers/${account}/googleAds:searchStream`,
    headers: {
      ...(credentials.developer_token && { 'developer-token': credentials.developer_token }),
      ...(credentials.login_customer_id && {
        'login-customer-id': credentials.login_customer_id.replaceAll('-', ''),
      }),
    },
    auth: oauth2(credentials, 'https://oauth2.googleapis.com/token'),
    body: queries(breakdowns.map(queryFieldName)).map((text) => JSON.stringify({ query: text })),
    // Bounds the memory for the ids of campaigns with ads.
    days_per_request: 31,
  }),
};
