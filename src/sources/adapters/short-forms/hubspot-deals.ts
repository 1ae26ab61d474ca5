import { oauth2, type ShortForm } from './short-form.ts';

const properties = [
  'amount',
  'createdate',
  'closedate',
  'dealstage',
  'hs_is_closed_won',
  'hs_is_closed',
  'deal_currency_code',
  'hs_lastmodifieddate',
  'contact_email',
  'utm_campaign',
  'utm_source',
  'utm_medium',
  'utm_content',
  'utm_term',
];

export const hubspotDealsShortForm: ShortForm = {
  credentials: [['access_token'], ['client_id', 'client_secret', 'refresh_token']],
  apiVersion: 'v3',
  baseUrl: () => 'https://api.hubapi.com',
  expand: ({ credentials, apiVersion, baseUrl, reads }) => ({
    url: `${baseUrl}/crm/${apiVersion}/objects/deals/search`,
    auth:
      credentials.access_token === undefined
        ? oauth2(credentials, 'https://api.hubapi.com/oauth/2026-03/token')
        : { bearer: credentials.access_token },
    body: [
      JSON.stringify({
        limit: 200,
        // HubSpot ignores properties that a portal does not have.
        properties: [...new Set([...properties, ...reads.flatMap(propertyOf)])],
        filterGroups: [
          {
            filters: [
              { propertyName: 'hs_lastmodifieddate', operator: 'GTE', value: '{since.ms}' },
              { propertyName: 'hs_lastmodifieddate', operator: 'LT', value: '{until.next.ms}' },
            ],
          },
        ],
      }),
    ],
    // HubSpot allows five searches a second per account.
    rate_limit: { per_second: 4, burst: 1 },
  }),
};

const propertyOf = ([parent, name]: readonly string[]): string[] =>
  parent === 'properties' && name !== undefined ? [name] : [];
