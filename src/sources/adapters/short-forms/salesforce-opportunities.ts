import { oauth2, type ShortForm } from './short-form.ts';

export const salesforceOpportunitiesShortForm: ShortForm = {
  account: {
    key: 'domain',
    read: (written) => /^(?:https:\/\/)?([\w.-]+?)(?:\.my\.salesforce\.com)?\/?$/.exec(written.trim())?.[1],
    expected: 'the org’s My Domain, such as acme or acme--uat.sandbox',
  },
  credentials: [['client_id', 'client_secret']],
  optionalCredentials: ['refresh_token'],
  apiVersion: 'v61.0',
  baseUrl: (domain) => `https://${domain}.my.salesforce.com`,
  expand: ({ credentials, apiVersion, baseUrl, reads }) => ({
    url: `${baseUrl}/services/data/${apiVersion}/queryAll`,
    auth: oauth2(credentials, `${baseUrl}/services/oauth2/token`),
    parameters: {
      // Only multi-currency orgs have CurrencyIsoCode, and Salesforce refuses a query that names a missing field.
      q: `SELECT ${['FIELDS(STANDARD)', ...new Set(reads.flatMap(customFieldOf))].join(', ')} FROM Opportunity WHERE SystemModstamp >= {since}T00:00:00Z AND SystemModstamp < {until.next}T00:00:00Z`,
    },
  }),
};

/** Custom fields and fields of related objects; FIELDS(STANDARD) selects the others. */
const customFieldOf = (path: readonly string[]): string[] => {
  const name = path.join('.');
  return /^\w+(\.\w+)*$/.test(name) && (path.length > 1 || name.endsWith('__c')) ? [name] : [];
};
