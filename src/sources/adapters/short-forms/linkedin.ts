import { digits, oauth2, type ShortForm } from './short-form.ts';

const day = (end: 'since' | 'until'): string => `(year:{${end}.year},month:{${end}.month},day:{${end}.day})`;

/** Rest.li accepts brackets and colons only unescaped, so the ranges are part of the address. */
const query = (account: string): string =>
  [
    'q=statistics',
    'pivots=List(CAMPAIGN,CREATIVE)',
    'timeGranularity=DAILY',
    `dateRange=(start:${day('since')},end:${day('until')})`,
    `accounts=List(urn%3Ali%3AsponsoredAccount%3A${account})`,
    'fields=dateRange,pivotValues,clicks,impressions,costInLocalCurrency,externalWebsiteConversions,conversionValueInLocalCurrency',
  ].join('&');

export const linkedinShortForm: ShortForm = {
  account: { key: 'account', read: digits(), expected: 'the ad account’s id, such as 512345678' },
  credentials: [['access_token'], ['client_id', 'client_secret', 'refresh_token']],
  apiVersion: '202608',
  baseUrl: () => 'https://api.linkedin.com',
  // Member dimensions (country, industry) replace the campaign and creative.
  breakdownColumns: [],
  currency: 'LinkedIn tells costs in the account’s currency, and not which that is',
  expand: ({ account, credentials, apiVersion, baseUrl }) => ({
    url: `${baseUrl}/rest/adAnalytics?${query(account)}`,
    headers: { 'LinkedIn-Version': apiVersion, 'X-Restli-Protocol-Version': '2.0.0' },
    auth:
      credentials.access_token === undefined
        ? oauth2(credentials, 'https://www.linkedin.com/oauth/v2/accessToken')
        : { bearer: credentials.access_token },
    defaults: { utm_source: 'linkedin', utm_medium: 'paid_social' },
    days_per_request: 7,
  }),
};
